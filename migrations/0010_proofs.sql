-- What a proof of a segment rests on: while all of that is the same, the proof holds, and the
-- lines of the files need not be parsed again. Files and rows are hashed again each time.
ALTER TABLE racing.verified_segments
  ADD COLUMN rests_on bytea CHECK (octet_length(rests_on) = 32),
  ADD COLUMN names_to bigint[] CHECK (cardinality(names_to) = 6),
  ADD COLUMN counts text,
  ADD CHECK (num_nulls(rests_on, names_to, counts) IN (0, 3));

COMMENT ON COLUMN racing.verified_segments.rests_on IS
  'SHA-256 of all that the proof of an equal segment rests on: files, rows, names, rules, program, and the next two';
COMMENT ON COLUMN racing.verified_segments.names_to IS
  'the newest course, horse, trainer, jockey, owner and bloodline at the time';
COMMENT ON COLUMN racing.verified_segments.counts IS
  'days with the races and runners that were compared, as JSON';
