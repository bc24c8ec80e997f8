-- A SHA-256 over all rows of a month that a proof may rest on, names apart. Whole rows, so that
-- none of their columns changes unseen; in the binary form of the wire, which has the lengths of
-- its fields and so is of one row only; in the order of their digests.
SELECT sha256(coalesce(string_agg(x.digest, '' ORDER BY x.digest), '')) AS digest
FROM (
  SELECT sha256(record_send(ROW(r.*))) AS digest
  FROM racing.runners AS r
  WHERE r.race_date >= %(first)s
    AND r.race_date < %(next)s
  UNION ALL
  SELECT sha256(record_send(ROW(r.*)))
  FROM racing.races AS r
  WHERE r.race_date >= %(first)s
    AND r.race_date < %(next)s
  UNION ALL
  SELECT sha256(record_send(ROW(r.*)))
  FROM racing.ledger_races AS r
  WHERE r.race_date >= %(first)s
    AND r.race_date < %(next)s
  UNION ALL
  SELECT sha256(record_send(ROW(d.*)))
  FROM racing.ledger_days AS d
  WHERE d.d >= %(first)s
    AND d.d < %(next)s
  UNION ALL
  SELECT sha256(record_send(ROW(s.*)))
  FROM racing.ledger_segments AS s
  WHERE s.month = %(first)s
  UNION ALL
  SELECT sha256(record_send(ROW(i.*)))
  FROM racing.ingested_days AS i
  WHERE i.d >= %(first)s
    AND i.d < %(next)s
) AS x
