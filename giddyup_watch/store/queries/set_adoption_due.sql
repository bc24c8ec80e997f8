-- Remember through interruptions whether a whole backfill is still owed.
UPDATE racing.ingest_control SET adoption_due = %(due)s
