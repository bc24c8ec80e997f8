-- What the proofs of equal segments rest on, and what was compared for them.
SELECT region, code, to_char(month, 'YYYY-MM') AS month, rests_on, names_to, counts
FROM racing.verified_segments
WHERE result = 'equal' AND rests_on IS NOT NULL
