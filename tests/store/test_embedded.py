"""The embedded database: made, found again, closed to others, moved aside when it is too old."""

import os
import stat
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.errors import ConfigError, DatabaseUnavailableError, PermissionDeniedError
from giddyup_watch.store import binaries, cluster, connection, embedded, migrate
from tests.conftest import LOCK_ID


@pytest.fixture
def told() -> list[str]:
    return []


def test_made_where_there_was_none(state_dir: Path, told: list[str]) -> None:
    assert not embedded.exists(state_dir)

    with embedded.server(state_dir, progress=told.append) as url:
        assert _settings(url, "server_encoding", "is_superuser") == ["UTF8", "on"]
        with closing(connection.connect(url, application_name="test")) as conn:
            assert migrate.apply(conn, LOCK_ID) == migrate.available()

    assert embedded.exists(state_dir)
    assert stat.S_IMODE(state_dir.stat().st_mode) == 0o700
    assert ["making a PostgreSQL database" in line for line in told] == [True]


def test_found_again_with_what_was_in_it(made: Path, told: list[str]) -> None:
    with embedded.server(made) as url, psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE kept AS SELECT 'Élan' AS name")

    with embedded.server(made, progress=told.append) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT lower(name) FROM kept").fetchone() == ("élan",)
    assert told == []


def test_stopped_at_the_end(made: Path) -> None:
    with embedded.server(made) as url:
        place = cluster.at(made / embedded.FOLDER)
        assert cluster.alive(place)

    assert not cluster.alive(place)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_an_error_of_the_user_stops_it_too(made: Path) -> None:
    with pytest.raises(ZeroDivisionError), embedded.server(made):
        raise ZeroDivisionError

    assert not cluster.alive(cluster.at(made / embedded.FOLDER))


def test_data_and_socket_are_in_one_closed_folder(made: Path) -> None:
    with embedded.server(made) as url:
        folder = made / embedded.FOLDER
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / cluster.SOCKET_NAME).is_socket()
        assert (folder / "PG_VERSION").is_file()
        assert _settings(url, "listen_addresses") == [""]
        rules = (folder / "pg_hba.conf").read_text().splitlines()
        assert rules == ["local all giddyup peer map=giddyup"]


def test_folders_above_keep_their_modes(made: Path) -> None:
    made.chmod(0o711)
    with embedded.server(made):
        assert stat.S_IMODE(made.stat().st_mode) == 0o711


def test_the_environment_of_the_caller_does_not_matter(
    made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "PGPORT": "1", "PGDATA": "/nowhere", "PGUSER": "x", "PGDATABASE": "y", "LC_ALL": "C",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    with embedded.server(made) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT lower('É')").fetchone() == ("é",)


def test_a_half_made_one_is_made_again(state_dir: Path) -> None:
    half = state_dir / f"{embedded.FOLDER}.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    with embedded.server(state_dir) as url:
        assert _settings(url, "server_encoding") == ["UTF8"]
    assert not half.exists()


def test_one_of_another_major_version_is_moved_aside(made: Path, told: list[str]) -> None:
    (made / embedded.FOLDER / "PG_VERSION").write_text("14\n")
    (made / "postgres-14").mkdir()

    with embedded.server(made, progress=told.append) as url:
        assert _settings(url, "server_version_num")[0] >= "18"
    assert (made / "postgres-14-2" / "PG_VERSION").read_text() == "14\n"
    assert "made by PostgreSQL 14" in told[0]
    assert "postgres-14-2" in told[0]


def test_too_long_a_path_is_refused_in_words(state_dir: Path) -> None:
    with (
        pytest.raises(ConfigError, match="too long for a socket"),
        embedded.server(state_dir / ("x" * 100)),
    ):
        pass


def test_a_folder_open_to_others_is_refused(made: Path) -> None:
    (made / embedded.FOLDER).chmod(0o755)

    with pytest.raises(ConfigError, match="open to other users"), embedded.server(made):
        pass
    (made / embedded.FOLDER).chmod(0o700)


def test_a_stale_process_id_does_not_matter(made: Path) -> None:
    """After a crash it may belong to anybody, here to ourselves."""
    with embedded.server(made):
        note = (made / embedded.FOLDER / cluster.PID_FILE).read_text()
    path = made / embedded.FOLDER / cluster.PID_FILE
    path.write_text(note.replace(note.split("\n")[0], str(os.getpid()), 1))

    with embedded.server(made) as url:
        assert _settings(url, "server_encoding") == ["UTF8"]


def test_a_server_that_does_not_start_is_told_with_its_log(made: Path) -> None:
    (made / embedded.FOLDER / "global" / "pg_control").unlink()

    with (
        pytest.raises(DatabaseUnavailableError, match="pg_control"),
        embedded.server(made),
    ):
        pass


def test_a_state_directory_that_cannot_be_written_is_told(state_dir: Path) -> None:
    state_dir.write_text("a file")

    with pytest.raises(PermissionDeniedError, match="state directory"), embedded.server(state_dir):
        pass


def test_without_the_package_it_says_what_to_install(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")

    with pytest.raises(ConfigError) as caught, embedded.server(state_dir):
        pass
    assert "giddyup-watch[embedded]" in caught.value.hint


def _settings(url: str, *names: str) -> list[str]:
    with closing(psycopg.connect(url)) as conn:
        rows = [conn.execute("SELECT current_setting(%s)", [name]).fetchone() for name in names]
        return [row[0] for row in rows if row is not None]
