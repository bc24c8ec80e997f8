-- Note that a refresh failed; what is known of the last good one stays.
INSERT INTO racing.derived_views (view_name, error)
VALUES (%(view_name)s, %(error)s)
ON CONFLICT (view_name) DO UPDATE SET error = excluded.error
