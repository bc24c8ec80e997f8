"""How fast, how big, how idle: measured on the real daemon, real files and a real server."""
