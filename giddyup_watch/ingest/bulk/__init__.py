"""A calendar month of which the database has nothing, brought in whole.

Its tables are built beside the facts without an index, and attached when they are full: every
index is then made once, over all rows, instead of being kept up row by row. `month` makes of the
files what is to be written, without a database; `reader` is a process that does so ahead of time;
`way` says which months can go like this, and `write` writes one, in one transaction. What is then
in the database is what the ordinary way would have put there, segment by segment.
"""
