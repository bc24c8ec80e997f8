"""`setup`: from an installed program to a running service."""

from giddyup_watch.cli.setup.command import setup

__all__ = ["setup"]
