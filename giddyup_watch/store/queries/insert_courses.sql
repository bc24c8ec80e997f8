-- Make the courses that nobody named before; unique by region and norm.
INSERT INTO racing.courses (course_name, region)
SELECT DISTINCT ON (s.region, n.norm) n.name, s.region
FROM staging.races AS s
JOIN staging.names AS n ON n.kind = 'course' AND n.name = s.course
WHERE NOT EXISTS (
  SELECT FROM racing.courses AS d WHERE d.region = s.region AND d.course_norm = n.norm
)
ORDER BY s.region, n.norm, n.line
ON CONFLICT DO NOTHING
