"""Folders by what is tested, files by behaviour. Real PostgreSQL, real files, no mocks."""
