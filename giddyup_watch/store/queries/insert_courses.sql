-- Make the courses of this region that nobody named before; the spelling first seen stays.
INSERT INTO racing.courses (course_name, region)
SELECT DISTINCT ON (norm) name, %(region)s
FROM staging.names
WHERE kind = 'course' AND id IS NULL
ORDER BY norm, line
ON CONFLICT DO NOTHING
