"""`setup`: real files below a root directory, and a database made in a real server."""

import os
import re
import stat
from pathlib import Path

import psycopg
import pytest

from giddyup_watch import settings
from giddyup_watch.cli import main
from giddyup_watch.cli.setup import texts
from giddyup_watch.errors import ConfigError
from tests.server import Server

URL = "postgresql:///giddyup"
REPOSITORY = Path(__file__).parent.parent.parent


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A machine on which the package is installed: its unit, its settings with nothing chosen."""
    unit = tmp_path / "usr/lib/systemd/system/giddyup-watch.service"
    unit.parent.mkdir(parents=True)
    unit.write_text(texts.shipped("systemd/giddyup-watch.service"))
    config = tmp_path / "etc/giddyup-watch/config.toml"
    config.parent.mkdir(parents=True)
    example = (REPOSITORY / "config.example.toml").read_text()
    config.write_text(re.sub(r"(?m)^(?=[a-z_]+ = )", "#", example))
    return tmp_path


def _setup(root: Path, *args: str, master: str = "/srv/racing") -> int:
    return main.run(["setup", "--root", str(root), "--master", master, *args])


def _files(root: Path) -> dict[str, tuple[str, str]]:
    """Every file with its mode and contents."""
    return {
        str(path.relative_to(root)): (oct(stat.S_IMODE(path.stat().st_mode)), path.read_text())
        for path in root.rglob("*")
        if path.is_file()
    }


def _config(root: Path) -> Path:
    return root / "etc/giddyup-watch/config.toml"


def test_settings_in_which_nothing_was_chosen_are_filled_in(root: Path) -> None:
    assert _setup(root, "--database", URL) == 0
    loaded = settings.load(_config(root), environ={})
    assert (str(loaded.master.path), loaded.database.url) == ("/srv/racing", URL)
    assert stat.S_IMODE(_config(root).stat().st_mode) == 0o644
    explained = (REPOSITORY / "config.example.toml").read_text().count("\n")
    assert _config(root).read_text().count("\n") == explained


def test_path_is_written_so_that_it_is_read_again(root: Path) -> None:
    strange = '/srv/a "quoted" \\back\\slash é'
    assert _setup(root, master=strange) == 0
    assert str(settings.load(_config(root), environ={}).master.path) == strange


def test_second_run_changes_nothing(root: Path) -> None:
    assert _setup(root, "--token") == 0
    before = _files(root)
    assert _setup(root, "--token") == 0
    assert _files(root) == before


def test_settings_that_say_otherwise_are_shown_and_left(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _config(root).write_text('[master]\npath = "/srv/other"\n')
    before = _files(root)
    assert _setup(root, "--token") == 78
    told = capsys.readouterr().err
    assert '-path = "/srv/other"' in told
    assert '+path = "/srv/racing"' in told
    assert _files(root) == before


def test_more_settings_of_the_operator_stay(root: Path) -> None:
    mine = f'[master]\npath = "/srv/racing"\n[database]\nurl = "{URL}"\n[log]\nlevel = "debug"\n'
    _config(root).write_text(mine)
    assert main.run(["setup", "--root", str(root)]) == 0
    assert _config(root).read_text() == mine


def test_credentials_are_for_root_alone(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("sesame\n")
    assert _setup(root, "--token", "--password-file", str(secret)) == 0
    folder = root / "etc/giddyup-watch/credentials"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = _files(folder)
    assert files["db_password"] == ("0o600", "sesame\n")
    mode, token = files["admin_token"]
    assert mode == "0o600"
    assert len(token) > 40


def test_another_password_is_never_written_over_the_one_that_is_there(root: Path) -> None:
    there = root / "etc/giddyup-watch/credentials/db_password"
    there.parent.mkdir(parents=True)
    there.write_text("sesame\n")
    other = root / "other"
    other.write_text("barley\n")
    assert _setup(root, "--password-file", str(other)) == 78
    assert there.read_text() == "sesame\n"


def test_password_in_the_url_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = _files(root)
    assert _setup(root, "--database", "postgresql://gw:sesame@localhost/giddyup") == 78
    assert "sesame" not in capsys.readouterr().err
    assert _files(root) == before


def test_print_says_every_step_and_does_none(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _files(root)
    assert _setup(root, "--print", "--token", "--create-database") == 0
    told = capsys.readouterr().out
    for step in ("config.toml", "admin_token", "createdb", "migrate", "--role giddyup-watch"):
        assert step in told
    assert _files(root) == before


def test_without_a_tree_and_nobody_to_ask_it_is_a_usage_error(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["setup", "--root", str(root)]) == 64
    assert "--master is needed" in capsys.readouterr().err


def test_tree_below_home_gets_the_drop_in_that_shows_it(root: Path) -> None:
    home = "/" + "home/racing/master"
    assert _setup(root, master=home) == 0
    (drop_in,) = (root / "etc/systemd/system/giddyup-watch.service.d").iterdir()
    assert "ProtectHome=read-only" in drop_in.read_text()


def test_unit_of_a_program_without_a_package_names_its_path() -> None:
    program = Path("/opt/giddyup-watch/bin/giddyup-watch")
    text = texts.unit(program, Path("/usr/bin/python3.11"))
    assert f"ExecStart={program} run\n" in text
    assert f"ExecReload={program} reload --wait\n" in text
    assert "/usr/bin/giddyup-watch" not in text


@pytest.mark.parametrize("home", texts.HOMES, ids=str)
@pytest.mark.parametrize("which", ["program", "interpreter"])
def test_program_below_a_home_directory_is_refused(home: Path, which: str) -> None:
    paths = {"program": Path("/opt/gw/giddyup-watch"), "interpreter": Path("/usr/bin/python3")}
    with pytest.raises(ConfigError, match="203/EXEC"):
        texts.unit(**(paths | {which: home / "somebody/bin/x"}))


def test_database_of_another_machine_is_not_made(root: Path) -> None:
    url = "postgresql://gw@db.example/giddyup"
    assert _setup(root, "--database", url, "--create-database") == 78


def test_database_is_made_migrated_and_given_a_role_that_owns_nothing(
    root: Path, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{postgres.bin}:{os.environ['PATH']}")
    monkeypatch.setenv("PGUSER", "postgres")
    url = postgres.url("made_by_setup", "giddyup-watch")
    for _ in range(2):
        assert _setup(root, "--database", url, "--create-database") == 0
    with psycopg.connect(url) as conn:
        found = conn.execute("SELECT count(*), current_user FROM racing.races").fetchone()
    assert found == (0, "giddyup-watch")
    assert main.run(["migrate", "--check", "--database", url]) == 0
