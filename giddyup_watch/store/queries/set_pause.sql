-- Pause loading, until a time or (null) until resume.
UPDATE racing.ingest_control SET paused = true, paused_until = %(until)s
