"""Commands that have something loaded, and how its outcome is told."""
