"""Secrets: where they may come from, and that nothing shows them."""

import logging
from pathlib import Path

import pytest

from giddyup_watch import settings

TOKEN = "T0ken-of-the-house"
PASSWORD = "p@ss/w0rd"
WRITTEN_PASSWORD = "p%40ss%2Fw0rd"


def file_with(tmp_path: Path, text: str, mode: int) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name, secret in (
        ("giddyup_watch_db_password", PASSWORD),
        ("giddyup_watch_admin_token", TOKEN),
        ("somebody_elses", "whatever"),
    ):
        (folder / name).write_text(f"{secret}\n")
        (folder / name).chmod(0o400)
    return folder


SECRETS_IN_FILES = [
    f'[http]\ntoken = "{TOKEN}"\n',
    f'[database]\npassword = "{PASSWORD}"\n',
    f'[database]\nurl = "postgresql://watch:{WRITTEN_PASSWORD}@host/db"\n',
    f'[database]\nurl = "postgresql://watch@host/db?password={WRITTEN_PASSWORD}"\n',
]


@pytest.mark.parametrize("text", SECRETS_IN_FILES)
def test_a_secret_in_a_file_that_others_can_read_is_refused(tmp_path: Path, text: str) -> None:
    path = file_with(tmp_path, text, 0o644)
    with pytest.raises(settings.SettingsError, match="others can read") as caught:
        settings.load(path, environ={})
    assert TOKEN not in str(caught.value)
    assert WRITTEN_PASSWORD not in str(caught.value)
    path.chmod(0o640)
    assert settings.secrets(settings.load(path, environ={}))


def test_a_file_without_secrets_may_be_read_by_all(tmp_path: Path) -> None:
    path = file_with(tmp_path, '[database]\nurl = "postgresql://watch@host/db"\n', 0o644)
    assert settings.secrets(settings.load(path, environ={})) == ()


def test_credentials_fill_both_secrets(credentials: Path) -> None:
    got = settings.load(environ={"CREDENTIALS_DIRECTORY": str(credentials)})
    assert got.database.password.get_secret_value() == PASSWORD
    assert got.http.token.get_secret_value() == TOKEN


def test_a_credential_that_cannot_be_used_is_told(credentials: Path) -> None:
    (credentials / "giddyup_watch_admin_token").chmod(0o600)
    (credentials / "giddyup_watch_admin_token").write_text("\n")
    (credentials / "giddyup_watch_db_password").chmod(0o644)
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(environ={"CREDENTIALS_DIRECTORY": str(credentials)})
    assert [problem.key for problem in caught.value.problems] == [
        "http.token",
        "database.password",
    ]


def test_a_credentials_directory_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="cannot be read"):
        settings.load(environ={"CREDENTIALS_DIRECTORY": str(tmp_path / "none")})


def test_two_passwords_are_one_too_many() -> None:
    with pytest.raises(settings.SettingsError, match="keep one of them"):
        settings.load(
            environ={
                "GIDDYUP_WATCH_DATABASE__URL": "postgresql://u:one@host/db",
                "GIDDYUP_WATCH_DATABASE__PASSWORD": "two",
            }
        )


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://watch:{PASSWORD.replace('/', '')}@host/db",
        f"postgresql://:{WRITTEN_PASSWORD}@host/db",
        f"postgresql://host/db?sslmode=require&password={WRITTEN_PASSWORD}",
        "postgresql://[broken:secret@host/db",
    ],
)
def test_a_password_on_the_command_line_is_refused(url: str) -> None:
    with pytest.raises(settings.SettingsError, match="must not carry a password"):
        settings.load(overrides={"database.url": url}, environ={})


def all_the_secrets() -> settings.Settings:
    return settings.load(
        environ={
            "GIDDYUP_WATCH_DATABASE__URL": (
                f"postgresql://watch:{WRITTEN_PASSWORD}@host/db?sslpassword=hush"
            ),
            "GIDDYUP_WATCH_HTTP__TOKEN": TOKEN,
        }
    )


def test_nothing_that_shows_settings_shows_secrets() -> None:
    got = all_the_secrets()
    for text in (settings.show(got), repr(got), str(got), str(settings.masked(got))):
        for secret in (TOKEN, PASSWORD, WRITTEN_PASSWORD, "hush"):
            assert secret not in text
    assert 'url = "postgresql://watch:********@host/db?sslpassword=********"' in settings.show(got)
    assert set(settings.secrets(got)) == {TOKEN, PASSWORD, WRITTEN_PASSWORD, "hush"}


def test_settings_that_cannot_be_read_do_not_show_secrets_either() -> None:
    with pytest.raises(settings.SettingsError) as caught:
        settings.load(
            environ={
                "GIDDYUP_WATCH_DATABASE__URL": "host=localhost password=hush",
                "GIDDYUP_WATCH_HTTP__TOKEN": "two words",
            }
        )
    assert len(caught.value.problems) == 2
    assert "hush" not in str(caught.value)
    assert "two words" not in str(caught.value)


def test_the_library_logs_no_secrets_even_when_asked(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("PYDANTIC_SETTINGS_DEBUG", "1")
    caplog.set_level(logging.DEBUG)
    assert TOKEN in settings.secrets(all_the_secrets())
    assert TOKEN not in caplog.text
