-- Whether there is a table of races, ours or of an existing GiddyUp database.
SELECT to_regclass('racing.races') IS NOT NULL;
