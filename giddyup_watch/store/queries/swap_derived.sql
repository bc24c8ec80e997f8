-- Put what was built in the place of the known views; readers wait for the renaming only.
SELECT racing.swap_derived(%(as_tables)s)
