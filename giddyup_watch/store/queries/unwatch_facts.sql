-- Drop these triggers and what they noted.
SELECT racing.unwatch_facts()
