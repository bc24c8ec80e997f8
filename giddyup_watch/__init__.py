"""Follow a tree of horse-racing results and keep a PostgreSQL database equal to it."""

__version__ = "0.1.0"
