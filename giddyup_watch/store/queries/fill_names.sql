-- Collect each distinct name of the staged rows with its norm: norm_text is costly, names repeat.
INSERT INTO staging.names (kind, name, norm, line)
SELECT n.kind, n.name, racing.norm_text(n.name), n.line
FROM (
  SELECT 'course' AS kind, course AS name, min(line) AS line FROM staging.races GROUP BY course
  UNION ALL
  SELECT 'horse' AS kind, horse AS name, min(line) AS line FROM staging.runners GROUP BY horse
  UNION ALL
  SELECT 'trainer' AS kind, trainer AS name, min(line) AS line FROM staging.runners GROUP BY trainer
  UNION ALL
  SELECT 'jockey' AS kind, jockey AS name, min(line) AS line FROM staging.runners GROUP BY jockey
  UNION ALL
  SELECT 'owner' AS kind, owner AS name, min(line) AS line FROM staging.runners GROUP BY owner
  UNION ALL
  SELECT 'blood' AS kind, b.name, min(b.line) AS line
  FROM (
    SELECT sire AS name, line FROM staging.runners
    UNION ALL
    SELECT dam AS name, line FROM staging.runners
    UNION ALL
    SELECT damsire AS name, line FROM staging.runners
  ) AS b
  GROUP BY b.name
) AS n
WHERE n.name IS NOT NULL
