-- Stage pedigrees that no table holds, with the norms of their names; an unknown parent is empty.
-- Sires repeat: each name is normed once.
WITH given AS (
  SELECT *
  FROM unnest(%(sires)s::text[], %(dams)s::text[], %(damsires)s::text[])
    WITH ORDINALITY AS x (sire, dam, damsire, line)
), norms AS MATERIALIZED (
  SELECT n.name, racing.norm_text(nullif(n.name, '')) AS norm
  FROM (
    SELECT sire AS name FROM given UNION SELECT dam FROM given UNION SELECT damsire FROM given
  ) AS n
)
INSERT INTO staging.pedigrees (sire, dam, damsire, sire_norm, dam_norm, damsire_norm, line)
SELECT g.sire, g.dam, g.damsire, si.norm, da.norm, ds.norm, g.line
FROM given AS g
JOIN norms AS si ON si.name = g.sire
JOIN norms AS da ON da.name = g.dam
JOIN norms AS ds ON ds.name = g.damsire
