-- Stage names that no table holds, with their norms; `line` keeps the order in which they came.
INSERT INTO staging.names (kind, name, norm, line)
SELECT x.kind, x.name, racing.norm_text(x.name), x.line
FROM unnest(%(kinds)s::text[], %(names)s::text[]) WITH ORDINALITY AS x (kind, name, line)
