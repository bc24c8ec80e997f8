-- Whether the embedded server has its database: after every start.
SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'giddyup');
