-- Compare the tables in place of views with their definitions: what differed unnoted.
SELECT races, horses, draws FROM racing.compare_derived()
