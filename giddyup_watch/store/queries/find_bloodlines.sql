-- The bloodline that each pedigree leads to, by the norms of its names: the oldest of twins.
-- What the norm of an unknown parent is, the database decides, as in fill_pedigrees.
SELECT x.sire, x.dam, x.damsire, CASE
  WHEN x.sire_norm IS NOT NULL AND x.dam_norm IS NOT NULL AND x.damsire_norm IS NOT NULL THEN (
    SELECT min(b.blood_id)
    FROM racing.bloodlines AS b
    WHERE b.sire_norm = x.sire_norm AND b.dam_norm = x.dam_norm AND b.damsire_norm = x.damsire_norm
  )
  ELSE (
    SELECT min(b.blood_id)
    FROM racing.bloodlines AS b
    WHERE (b.sire_norm IS NULL OR b.dam_norm IS NULL OR b.damsire_norm IS NULL)
      AND coalesce(b.sire_norm, '') = coalesce(x.sire_norm, '')
      AND coalesce(b.dam_norm, '') = coalesce(x.dam_norm, '')
      AND coalesce(b.damsire_norm, '') = coalesce(x.damsire_norm, '')
      AND (b.sire_norm IS NULL) = (x.sire_norm IS NULL)
      AND (b.dam_norm IS NULL) = (x.dam_norm IS NULL)
      AND (b.damsire_norm IS NULL) = (x.damsire_norm IS NULL)
  )
END AS id
FROM (
  SELECT
    p.three ->> 0 AS sire, p.three ->> 1 AS dam, p.three ->> 2 AS damsire,
    racing.norm_text(p.three ->> 0) AS sire_norm,
    racing.norm_text(p.three ->> 1) AS dam_norm,
    racing.norm_text(p.three ->> 2) AS damsire_norm
  FROM json_array_elements(%(pedigrees)s::json) AS p (three)
  OFFSET 0
) AS x
