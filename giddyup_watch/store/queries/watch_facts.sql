-- Make the triggers that note what changes in the facts, where they are missing.
SELECT racing.watch_facts()
