"""Every check there is: importing this package registers them, in this order."""

from giddyup_watch.gaps.check import registered

# The order of the imports is that of the checks: the original five, days, ledger, quality.
# isort: off
from giddyup_watch.gaps.checks import original as original
from giddyup_watch.gaps.checks import days as days
from giddyup_watch.gaps.checks import ledger as ledger
from giddyup_watch.gaps.checks import segments as segments
from giddyup_watch.gaps.checks import quality as quality
# isort: on

__all__ = ["registered"]
