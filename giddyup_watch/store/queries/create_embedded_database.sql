-- The database of an embedded server: once, after it was made.
CREATE DATABASE giddyup;
