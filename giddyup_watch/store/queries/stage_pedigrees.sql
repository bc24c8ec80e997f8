-- Stage pedigrees that no table holds, with the norms of their names; an unknown parent is empty.
INSERT INTO staging.pedigrees (sire, dam, damsire, sire_norm, dam_norm, damsire_norm, line)
SELECT
  x.sire, x.dam, x.damsire,
  racing.norm_text(nullif(x.sire, '')),
  racing.norm_text(nullif(x.dam, '')),
  racing.norm_text(nullif(x.damsire, '')),
  x.line
FROM unnest(%(sires)s::text[], %(dams)s::text[], %(damsires)s::text[])
  WITH ORDINALITY AS x (sire, dam, damsire, line)
