-- Make the bloodlines that nobody named before. A missing parent is null and equals null here,
-- which the unique constraint does not see.
INSERT INTO racing.bloodlines (sire, dam, damsire)
SELECT DISTINCT ON (si.norm, da.norm, ds.norm) s.sire, s.dam, s.damsire
FROM staging.runners AS s
LEFT JOIN staging.names AS si ON si.kind = 'blood' AND si.name = s.sire
LEFT JOIN staging.names AS da ON da.kind = 'blood' AND da.name = s.dam
LEFT JOIN staging.names AS ds ON ds.kind = 'blood' AND ds.name = s.damsire
WHERE coalesce(s.sire, s.dam, s.damsire) IS NOT NULL
  AND NOT EXISTS (
    SELECT
    FROM racing.bloodlines AS d
    WHERE d.sire_norm = si.norm AND d.dam_norm = da.norm AND d.damsire_norm = ds.norm
  )
  AND (
    (si.norm IS NOT NULL AND da.norm IS NOT NULL AND ds.norm IS NOT NULL)
    OR NOT EXISTS (
      SELECT
      FROM racing.bloodlines AS d
      WHERE (d.sire_norm IS NULL OR d.dam_norm IS NULL OR d.damsire_norm IS NULL)
        AND (d.sire_norm, d.dam_norm, d.damsire_norm)
          IS NOT DISTINCT FROM (si.norm, da.norm, ds.norm)
    )
  )
ORDER BY si.norm, da.norm, ds.norm, s.line
ON CONFLICT DO NOTHING
