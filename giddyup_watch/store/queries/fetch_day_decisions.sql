-- What ledger and ingested_days say of some days of a folder, in order; for why. A day that
-- another loader recorded has no state.
SELECT
  coalesce(l.d, i.d) AS day,
  l.state,
  coalesce(l.reason, '') AS reason,
  coalesce(l.accepted, '{}') AS accepted,
  coalesce(l.races, 0) AS races,
  coalesce(l.runners, 0) AS runners,
  coalesce(l.rejected, 0) AS rejected,
  l.decided_at,
  l.run_id,
  i.inserted_at AS ingested_at
FROM (
  SELECT d, state, reason, accepted, races, runners, rejected, decided_at, run_id
  FROM racing.ledger_days
  WHERE region = %(region)s AND code = %(code)s AND d >= %(first)s AND d < %(next)s
) AS l
FULL JOIN (
  SELECT d, inserted_at
  FROM racing.ingested_days
  WHERE region = %(region)s AND code = %(code)s AND d >= %(first)s AND d < %(next)s
) AS i ON i.d = l.d
ORDER BY 1
