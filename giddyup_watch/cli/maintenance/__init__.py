"""Commands about the database and the settings."""
