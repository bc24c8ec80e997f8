-- The bloodline that each pedigree leads to, by the norms of its names: the oldest of twins.
-- What the norm of an unknown parent is, the database decides, as in fill_pedigrees.
-- Sires repeat: each name is normed once.
WITH given AS MATERIALIZED (
  SELECT p.three ->> 0 AS sire, p.three ->> 1 AS dam, p.three ->> 2 AS damsire
  FROM json_array_elements(%(pedigrees)s::json) AS p (three)
), norms AS MATERIALIZED (
  SELECT coalesce(n.name, '') AS given, n.name IS NULL AS unknown, racing.norm_text(n.name) AS norm
  FROM (
    SELECT sire AS name FROM given UNION SELECT dam FROM given UNION SELECT damsire FROM given
  ) AS n
)
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
  SELECT g.sire, g.dam, g.damsire, si.norm AS sire_norm, da.norm AS dam_norm, ds.norm AS damsire_norm
  FROM given AS g
  JOIN norms AS si ON si.given = coalesce(g.sire, '') AND si.unknown = (g.sire IS NULL)
  JOIN norms AS da ON da.given = coalesce(g.dam, '') AND da.unknown = (g.dam IS NULL)
  JOIN norms AS ds ON ds.given = coalesce(g.damsire, '') AND ds.unknown = (g.damsire IS NULL)
  OFFSET 0
) AS x
