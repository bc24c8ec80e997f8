-- Make the bloodlines that nobody named before; an unknown parent is null.
INSERT INTO racing.bloodlines (sire, dam, damsire)
SELECT DISTINCT ON (sire_norm, dam_norm, damsire_norm)
  nullif(sire, ''), nullif(dam, ''), nullif(damsire, '')
FROM staging.pedigrees
WHERE id IS NULL
ORDER BY sire_norm, dam_norm, damsire_norm, line
ON CONFLICT DO NOTHING
