"""Every check there is: importing this package registers them, in this order."""

from giddyup_watch.gaps.check import registered

__all__ = ["registered"]
