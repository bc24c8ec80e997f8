"""Answers to a person's questions: why, what is covered, does the database equal the disk."""
