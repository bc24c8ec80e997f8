"""Answers to whoever asks over HTTP: the listeners, and what their questions are asked with."""
