"""What is missing or does not add up: checks, the racing calendar, incidents."""
