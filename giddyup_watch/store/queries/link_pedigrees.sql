-- Give each staged pedigree the key of its bloodline, where there is one: the oldest of twins.
UPDATE staging.pedigrees AS p
SET id = CASE
  WHEN p.sire_norm IS NOT NULL AND p.dam_norm IS NOT NULL AND p.damsire_norm IS NOT NULL THEN (
    SELECT min(b.blood_id)
    FROM racing.bloodlines AS b
    WHERE b.sire_norm = p.sire_norm AND b.dam_norm = p.dam_norm AND b.damsire_norm = p.damsire_norm
  )
  ELSE (
    SELECT min(b.blood_id)
    FROM racing.bloodlines AS b
    WHERE (b.sire_norm IS NULL OR b.dam_norm IS NULL OR b.damsire_norm IS NULL)
      AND coalesce(b.sire_norm, '') = coalesce(p.sire_norm, '')
      AND coalesce(b.dam_norm, '') = coalesce(p.dam_norm, '')
      AND coalesce(b.damsire_norm, '') = coalesce(p.damsire_norm, '')
      AND (b.sire_norm IS NULL) = (p.sire_norm IS NULL)
      AND (b.dam_norm IS NULL) = (p.dam_norm IS NULL)
      AND (b.damsire_norm IS NULL) = (p.damsire_norm IS NULL)
  )
END
WHERE p.id IS NULL
