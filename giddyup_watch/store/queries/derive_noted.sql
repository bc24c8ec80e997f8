-- Bring the tables in place of views up to some of what is noted as changed; how much that was.
SELECT racing.derive_noted(%(most)s)
