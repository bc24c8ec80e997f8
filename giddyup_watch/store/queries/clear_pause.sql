-- Resume loading.
UPDATE racing.ingest_control SET paused = false, paused_until = NULL
