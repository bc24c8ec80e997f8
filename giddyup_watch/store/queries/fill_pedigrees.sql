-- Collect each distinct pedigree of the staged runners with the norms of its names. What the
-- norm of an unknown parent is, the database decides: norm_text(NULL) differs between them.
INSERT INTO staging.pedigrees (sire, dam, damsire, sire_norm, dam_norm, damsire_norm, line)
SELECT
  d.sire, d.dam, d.damsire,
  coalesce(si.norm, racing.norm_text(NULL)),
  coalesce(da.norm, racing.norm_text(NULL)),
  coalesce(ds.norm, racing.norm_text(NULL)),
  d.line
FROM (
  SELECT
    coalesce(sire, '') AS sire,
    coalesce(dam, '') AS dam,
    coalesce(damsire, '') AS damsire,
    min(line) AS line
  FROM staging.runners
  WHERE coalesce(sire, dam, damsire) IS NOT NULL
  GROUP BY 1, 2, 3
) AS d
LEFT JOIN staging.names AS si ON si.kind = 'blood' AND si.name = d.sire
LEFT JOIN staging.names AS da ON da.kind = 'blood' AND da.name = d.dam
LEFT JOIN staging.names AS ds ON ds.kind = 'blood' AND ds.name = d.damsire
