-- Keep what was not loaded, and why; one array element a line or cell.
INSERT INTO racing.ingest_rejects (
  region, code, month, d, file, line, column_name, value, reason, run_id
)
SELECT
  %(region)s, %(code)s, %(month)s, x.d, x.file, x.line, x.column_name, x.value, x.reason,
  %(run_id)s
FROM unnest(
  %(days)s::date[], %(files)s::text[], %(lines)s::int[], %(columns)s::text[],
  %(values)s::text[], %(reasons)s::text[]
) AS x (d, file, line, column_name, value, reason)
