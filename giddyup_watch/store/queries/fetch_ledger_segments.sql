-- Every segment of the ledger, with whether its loaded days agree with ingested_days.
SELECT
  s.region,
  s.code,
  to_char(s.month, 'YYYY-MM') AS month,
  s.state,
  s.reason,
  s.rules,
  s.manifest_sha256,
  s.races_sha256,
  s.runners_sha256,
  s.attempts,
  coalesce(days.agree, true) AS days_agree
FROM racing.ledger_segments AS s
LEFT JOIN (
  SELECT
    region,
    code,
    date_trunc('month', d)::date AS month,
    bool_and(
      CASE WHEN l.state = 'loaded' THEN i.d IS NOT NULL ELSE l.state IS NOT NULL END
    ) AS agree
  FROM racing.ledger_days AS l
  FULL JOIN racing.ingested_days AS i USING (region, code, d)
  GROUP BY region, code, date_trunc('month', d)::date
) AS days USING (region, code, month)
