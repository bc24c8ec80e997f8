"""Where settings come from, which wins, and that every mistake is told at once."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from giddyup_watch import errors, model, settings

Write = Callable[..., Path]

PRIVATE = 0o600
OPEN_TO_ALL = 0o644


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str, mode: int = PRIVATE, name: str = "config.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        path.chmod(mode)
        return path

    return write


def load(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    **environ: str,
) -> settings.Settings:
    return settings.load(path, overrides, environ=environ)


def mistakes(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    **environ: str,
) -> list[str]:
    with pytest.raises(settings.SettingsError) as caught:
        load(path, overrides, **environ)
    assert caught.value.exit_code == 78
    return [str(problem) for problem in caught.value.problems]


def test_defaults_are_those_of_the_contract() -> None:
    flat = load().flat()
    assert flat["master.regions"] == ("gb", "ire")
    assert flat["database.lock_id"] == 123456789
    assert flat["watch.orphan_seconds"] == 60
    assert flat["http.listen"] == "127.0.0.1:9917"
    assert set(flat) == set(settings.KEYS)


def test_later_sources_win(write: Write) -> None:
    path = write('[master]\npath = "/file"\n[watch]\nquiet_ms = 1\npoll_ms = 11\n')
    got = load(path, {"master.path": "/typed"}, GIDDYUP_WATCH_WATCH__QUIET_MS="2")
    assert got.master.path == Path("/typed")
    assert got.watch.quiet_ms == 2
    assert got.watch.poll_ms == 11


def test_the_file_is_the_one_named_else_the_one_in_the_environment(write: Write) -> None:
    first = write("[watch]\nquiet_ms = 1\n", name="first.toml")
    second = write("[watch]\nquiet_ms = 2\n", name="second.toml")
    assert load(first, GIDDYUP_WATCH_CONFIG=str(second)).watch.quiet_ms == 1
    assert load(GIDDYUP_WATCH_CONFIG=str(second)).watch.quiet_ms == 2


@pytest.mark.parametrize("how", ["named", "environment"])
def test_a_named_file_must_be_there(tmp_path: Path, how: str) -> None:
    missing = tmp_path / "missing.toml"
    found = mistakes(missing) if how == "named" else mistakes(GIDDYUP_WATCH_CONFIG=str(missing))
    assert found == [f"{missing}: cannot be read: No such file or directory"]


def test_lists_in_a_variable_are_written_with_commas() -> None:
    got = load(GIDDYUP_WATCH_MASTER__REGIONS="gb, ire,fr", GIDDYUP_WATCH_GAPS__BLANK_DAYS="")
    assert got.master.regions == ("gb", "ire", "fr")
    assert got.gaps.blank_days == ()


def test_every_mistake_is_told_at_once_with_its_source_and_key(
    write: Write, tmp_path: Path
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "giddyup_watch_token").write_text("misspelt")
    path = write(
        """
        stray = 1
        [watch]
        quiet_ms = 9000
        quite_ms = 1
        [derived]
        mode = "never"
        [database]
        lock_id = 2147483648
        [colours]
        red = true
        """
    )
    found = mistakes(
        path,
        {"database.url": "postgresql://u:pw@host/db"},
        CREDENTIALS_DIRECTORY=str(credentials),
        GIDDYUP_WATCH_LOG__LEVEL="loud",
        GIDDYUP_WATCH_TOKEN="x",
        GIDDYUP_WATCH_HTTP__LISTEN="0.0.0.0:9917",
    )
    expected = [
        (f"{path}: stray", "must stand in a section"),
        (f"{path}: watch.quite_ms", "unknown key, did you mean watch.quiet_ms?"),
        (f"{path}: colours.red", "unknown key"),
        (f"{credentials}/giddyup_watch_token", "unknown credential"),
        ("GIDDYUP_WATCH_TOKEN", "unknown variable"),
        ("command line: database.url", "must not carry a password"),
        (f"{path}: database.lock_id", "less than or equal to 2147483647"),
        (f"{path}: watch.deadline_ms", "must not be below watch.quiet_ms (9000)"),
        (f"{path}: derived.mode", "'refresh', 'incremental' or 'off'"),
        ("GIDDYUP_WATCH_HTTP__LISTEN: http.token", "off loopback"),
        ("GIDDYUP_WATCH_LOG__LEVEL: log.level", "'debug', 'info', 'warning' or 'error'"),
    ]
    assert len(found) == len(expected), found
    for line, (start, part) in zip(found, expected, strict=True):
        assert line.startswith(start)
        assert part in line


def test_a_file_that_is_not_toml_does_not_hide_the_other_mistakes(write: Write) -> None:
    path = write("[watch\n")
    found = mistakes(path, GIDDYUP_WATCH_LOG__LEVEL="loud")
    assert len(found) == 2
    assert found[0].startswith(f"{path}: is not TOML")


def test_a_wrong_value_in_the_file_is_no_mistake_where_a_variable_replaces_it(
    write: Write,
) -> None:
    path = write('[log]\nlevel = "loud"\n')
    assert load(path, GIDDYUP_WATCH_LOG__LEVEL="debug").log.level == "debug"


def test_an_unknown_key_is_told_although_a_later_source_gives_the_section(write: Write) -> None:
    path = write("watch = 1\n[Log]\nlevel = 'debug'\n")
    found = mistakes(path, GIDDYUP_WATCH_WATCH__QUIET_MS="1", GIDDYUP_WATCH_LOG__LEVEL="debug")
    assert found == [
        f"{path}: watch: must stand in a section, like [watch]",
        f"{path}: Log.level: unknown key, did you mean log.level?",
    ]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("GIDDYUP_WATCH_QUIET_MS", ", did you mean GIDDYUP_WATCH_WATCH__QUIET_MS?"),
        ("GIDDYUP_WATCH_LOG__LEVELS", ", did you mean GIDDYUP_WATCH_LOG__LEVEL?"),
        ("giddyup_watch_log__level", ", did you mean GIDDYUP_WATCH_LOG__LEVEL?"),
        ("GIDDYUP_WATCH_LOG", ""),
    ],
)
def test_an_unknown_variable_is_told_with_the_one_that_may_be_meant(name: str, meant: str) -> None:
    assert mistakes(None, None, **{name: '{"level": "debug"}'}) == [
        f"{name}: unknown variable{meant}"
    ]


def test_a_file_that_would_not_be_read_is_told(tmp_path: Path) -> None:
    assert mistakes(tmp_path) == [f"{tmp_path}: is not a regular file"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("master.path", "relative/path"),
        ("master.regions", []),
        ("master.regions", ["gb", "gb"]),
        ("master.codes", ["../flat"]),
        ("master.codes", ["flat/2024"]),
        ("master.codes", [""]),
        ("master.timezone", "Europe/Londres"),
        ("master.timezone", "../../etc/passwd"),
        ("master.timezone", ""),
        ("database.url", "host=localhost password=hush"),
        ("database.url", "mysql://localhost/db"),
        ("database.url", "postgresql://local host/db"),
        ("database.lock_id", 0),
        ("database.lock_id", -1),
        ("database.lock_id", True),
        ("database.lock_timeout_ms", 0),
        ("watch.backend", "kqueue"),
        ("watch.rescan_seconds", 0),
        ("watch.rescan_seconds", "nan"),
        ("watch.poll_ms", 1.5),
        ("ingest.vanished_rows", "hide"),
        ("ingest.shrink_guard_percent", 101),
        ("ingest.off_times", "12h"),
        ("ingest.keep_live_prices", "perhaps"),
        ("gaps.blank_days", ["25-12"]),
        ("gaps.blank_days", ["12-25", "12-25"]),
        ("gaps.verify_at", "4am"),
        ("gaps.verify_at", "24:00"),
        ("http.listen", "9917"),
        ("http.listen", "127.0.0.1:99999"),
        ("http.listen", "::1:9917"),
        ("http.metrics_listen", "everywhere"),
        ("http.token", "two words"),
        ("http.token", "naïve"),
        ("log.format", "xml"),
    ],
)
def test_values_that_cannot_be_meant_are_refused(key: str, value: object) -> None:
    found = mistakes(overrides={key: value})
    assert any(line.startswith(f"command line: {key}: ") for line in found)
    assert not any("hush" in line for line in found)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("master.codes", ["flat", "nh flat"]),
        ("database.url", "embedded"),
        ("database.url", "postgresql:///giddyup?host=/run/postgresql"),
        ("database.url", "postgres://watch@[::1]:5433,other/giddyup?sslmode=require"),
        ("gaps.blank_days", ["02-29"]),
        ("gaps.verify_at", ""),
        ("http.listen", "[::1]:0"),
        ("http.listen", "localhost:80"),
        ("http.metrics_listen", "0.0.0.0:9918"),
    ],
)
def test_values_that_can_be_meant_are_taken(key: str, value: object) -> None:
    got = load(overrides={key: value}).flat()[key]
    assert (list(got) if isinstance(got, tuple) else got) == value


def test_a_listener_off_loopback_needs_a_token() -> None:
    assert "http.token" in mistakes(overrides={"http.listen": "[::]:9917"})[0]
    got = load(overrides={"http.listen": "[::]:9917"}, GIDDYUP_WATCH_HTTP__TOKEN="abc")
    assert got.http.address == settings.Address("::", 9917)


def test_the_tree_is_asked_for_only_where_it_is_needed() -> None:
    with pytest.raises(errors.ConfigError, match=r"master\.path") as caught:
        _ = load().master.tree
    assert "--master" in caught.value.hint
    assert load(overrides={"master.path": "/tree"}).master.tree == Path("/tree")


def test_rules_carry_every_setting_that_changes_results() -> None:
    assert settings.rules(load()) == model.Rules()
    changed = load(
        overrides={
            "ingest.off_times": "24h",
            "ingest.vanished_rows": "keep",
            "ingest.keep_live_prices": False,
            "ingest.shrink_guard_percent": 20,
            "ingest.reject_budget_percent": 2,
        }
    )
    assert settings.rules(changed) == model.Rules(
        off_times="24h",
        vanished_rows="keep",
        keep_live_prices=False,
        shrink_guard_percent=20,
        reject_budget_percent=2,
    )


def test_the_state_directory_is_systemds_else_the_users() -> None:
    both = {"STATE_DIRECTORY": "/var/lib/one:/var/lib/two", "XDG_STATE_HOME": "/x"}
    assert settings.state_dir(both) == Path("/var/lib/one")
    assert settings.state_dir({"XDG_STATE_HOME": "/x"}) == Path("/x/giddyup-watch")
    assert settings.state_dir({}) == Path.home() / ".local/state/giddyup-watch"
