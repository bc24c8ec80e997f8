-- Say in pg_stat_activity what this session is doing; it vanishes with the session.
SELECT set_config('application_name', %(text)s, false)
