-- Record the provenance of a month of which nothing was recorded before.
COPY racing.ledger_races (
  region, code, race_date, race_key, digest, rank, owned, in_file, runner_keys
) FROM STDIN WITH (NULL '')
