"""Commands that answer: why, what is missing, is it equal."""
