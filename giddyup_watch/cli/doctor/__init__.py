"""`doctor`: what a person would check by hand, one line each, and what to do."""

from giddyup_watch.cli.doctor.command import doctor

__all__ = ["doctor"]
