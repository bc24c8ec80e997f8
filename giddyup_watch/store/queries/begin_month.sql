-- Make the tables in which a whole month is built, beside the facts and without an index.
SELECT racing.begin_month()
