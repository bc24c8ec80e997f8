-- Build the known views beside themselves: as tables, or materialized.
SELECT racing.build_derived(%(as_tables)s)
