"""Sockets and the protocol spoken on them, on one loop."""
