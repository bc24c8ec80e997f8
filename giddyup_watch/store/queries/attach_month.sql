-- Give the month that was built beside the facts to them, with every index and constraint of theirs.
SELECT racing.attach_month(%(month)s::date)
