"""Every check there is: importing this package registers them, in this order."""

from giddyup_watch.gaps.check import registered

# isort: off
# (original, days, ledger, quality: the order in which operators read them)
# isort: on

__all__ = ["registered"]
