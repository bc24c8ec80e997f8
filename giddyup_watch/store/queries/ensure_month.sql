-- Make the month's partitions where they are missing; the number made.
SELECT racing.ensure_month(%(month)s::date)
