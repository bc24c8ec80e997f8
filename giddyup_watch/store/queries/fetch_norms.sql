-- The norm of each name: what dimension rows are found by.
SELECT name, racing.norm_text(name)
FROM unnest(%(names)s::text[]) AS x (name)
