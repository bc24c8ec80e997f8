"""Settings: parsed once, at the edge; below the composition roots plain values travel."""

from giddyup_watch import model
from giddyup_watch.settings.changing import RELOADABLE, Changes, changes
from giddyup_watch.settings.loading import SettingsError, load
from giddyup_watch.settings.schema import KEYS, Settings
from giddyup_watch.settings.showing import identity, mask_url, masked, secrets, show
from giddyup_watch.settings.sources import Problem, find_file, socket_path, state_dir
from giddyup_watch.settings.values import EMBEDDED, Address

__all__ = [
    "EMBEDDED",
    "KEYS",
    "RELOADABLE",
    "Address",
    "Changes",
    "Problem",
    "Settings",
    "SettingsError",
    "changes",
    "find_file",
    "identity",
    "load",
    "mask_url",
    "masked",
    "rules",
    "secrets",
    "show",
    "socket_path",
    "state_dir",
]


def rules(settings: Settings) -> model.Rules:
    """Those settings that decide what ends in the database."""
    ingest = settings.ingest
    return model.Rules(
        off_times=ingest.off_times,
        vanished_rows=ingest.vanished_rows,
        keep_live_prices=ingest.keep_live_prices,
        shrink_guard_percent=ingest.shrink_guard_percent,
        reject_budget_percent=ingest.reject_budget_percent,
    )
