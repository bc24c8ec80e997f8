"""What a running daemon takes over from settings read again."""

from giddyup_watch import settings


def with_(**environ: str) -> settings.Settings:
    return settings.load(environ={f"GIDDYUP_WATCH_{k.upper()}": v for k, v in environ.items()})


def test_reading_the_same_again_changes_nothing() -> None:
    old = with_(http__token="t", watch__quiet_ms="300")
    got = settings.changes(old, with_(http__token="t", watch__quiet_ms="300"))
    assert got == settings.Changes(old, applied=(), restart=())


def test_what_needs_a_restart_is_named_and_stays_as_it_was() -> None:
    old = with_(watch__quiet_ms="300")
    new = with_(
        watch__quiet_ms="200", watch__backend="polling", http__token="t", log__level="debug"
    )
    got = settings.changes(old, new)
    assert got.applied == ("watch.quiet_ms", "log.level")
    assert got.restart == ("watch.backend", "http.token")
    assert got.settings == with_(watch__quiet_ms="200", log__level="debug")


def test_where_things_are_is_never_changed_while_running() -> None:
    rest = set(settings.KEYS) - settings.RELOADABLE
    assert {"master.path", "database.url", "database.lock_id", "http.listen"} <= rest
    assert {"ingest.off_times", "gaps.interval_seconds"} <= settings.RELOADABLE
