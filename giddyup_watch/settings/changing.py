"""Which settings a running daemon takes over when it reads them again."""

from dataclasses import dataclass

from giddyup_watch.settings import schema

#: Settings that take effect without a restart. All others name a socket, a
#: session, a folder or a secret that the process was built around.
RELOADABLE = frozenset(
    key
    for key in schema.KEYS
    if key.split(".")[0] in ("watch", "ingest", "derived", "gaps", "log") and key != "watch.backend"
)


@dataclass(frozen=True, slots=True)
class Changes:
    """`settings` are those to go on with: new where `applied`, old where it takes a `restart`."""

    settings: schema.Settings
    applied: tuple[str, ...]
    restart: tuple[str, ...]


def changes(old: schema.Settings, new: schema.Settings) -> Changes:
    """What a re-read changes at once, and what only a restart will."""
    before, after = old.flat(), new.flat()
    changed = [key for key in schema.KEYS if before[key] != after[key]]
    applied = tuple(key for key in changed if key in RELOADABLE)
    restart = tuple(key for key in changed if key not in RELOADABLE)
    sections = {key.split(".")[0] for key in applied}
    merged = {
        section: getattr(old, section).model_copy(
            update={
                key.split(".")[1]: after[key] for key in applied if key.startswith(f"{section}.")
            }
        )
        for section in sections
    }
    return Changes(old.model_copy(update=merged), applied, restart)
