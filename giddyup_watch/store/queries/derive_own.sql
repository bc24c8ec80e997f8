-- Bring the tables in place of views up to what this transaction changed; how many races that was.
SELECT racing.derive_own()
