-- Have the server know how large the facts are and how they join, unless it does already.
SELECT racing.measure_facts()
