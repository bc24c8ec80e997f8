"""`doctor` finds the mistakes that people make with a service, each made for real."""

from collections.abc import Callable

import pytest

from tests.systemd.service import MASTER, NAME, SCRAPER, Service

pytestmark = [pytest.mark.root, pytest.mark.booted]

FOLDER = "/etc/giddyup-watch/credentials"
EXAMPLES = "/usr/share/doc/giddyup-watch/examples/giddyup-watch.service.d"


@pytest.fixture
def line(service: Service) -> Callable[[str], str]:
    """What doctor, run by root, says under a title: its line and its advice."""

    def found(title: str) -> str:
        lines = service.machine.done(NAME, "doctor").stdout.splitlines()
        at = next(i for i, text in enumerate(lines) if text[6:].startswith(f"{title}:"))
        advice = lines[at + 1] if "->" in "".join(lines[at + 1 : at + 2]) else ""
        return f"{lines[at]}\n{advice}"

    return found


def test_all_is_well(service: Service, line: Callable[[str], str]) -> None:
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    done = service.machine.done(NAME, "doctor", user=NAME)
    assert done.returncode == 0, done.stdout
    assert {text[:4] for text in done.stdout.splitlines()} == {"OK  "}
    assert "service: not looked at, root's doctor can" in done.stdout
    assert line("service").startswith("OK    service: giddyup-watch.service is active: up to date")


def test_not_started(service: Service, line: Callable[[str], str]) -> None:
    assert line("service").startswith("WARN  service: giddyup-watch.service is inactive")


def test_settings_that_the_service_refused(service: Service, line: Callable[[str], str]) -> None:
    service.configure(watch__quiet_ms=-1)
    service.machine.done("systemctl", "start", NAME)
    service.wait_for_state("failed")
    service.configure()
    assert "FAIL  service: giddyup-watch.service is failed: its settings" in line("service")


def test_a_credential_that_is_not_there(service: Service, line: Callable[[str], str]) -> None:
    service.drop_in("[Service]\nRestart=no\nLoadCredential=giddyup_watch_db_password:/etc/gone\n")
    assert service.machine.done("systemctl", "start", NAME).returncode
    found = line("service")
    assert "a credential could not be loaded (243)" in found
    assert "LoadCredential= names a file that is not there" in found


def test_a_program_that_cannot_be_executed(service: Service, line: Callable[[str], str]) -> None:
    service.drop_in("[Service]\nRestart=no\nExecStart=\nExecStart=/opt/gone/giddyup-watch run\n")
    assert service.machine.done("systemctl", "start", NAME).returncode
    assert "could not be executed (203)" in line("service")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("touch password", "password is read by nobody"),
        ("ln -s /etc/hostname db_password", "not a regular file"),
        ("touch db_password", "db_password is empty"),
        ("echo x > admin_token; chmod 644 admin_token", "can be read by others"),
    ],
)
def test_secrets_in_the_wrong_way(
    service: Service, line: Callable[[str], str], make: str, said: str
) -> None:
    service.shell(f"mkdir -p {FOLDER}; cd {FOLDER}; {make}")
    assert said in line("credentials")


def test_a_database_that_the_service_may_not_reach(
    service: Service, line: Callable[[str], str]
) -> None:
    service.configure(database__url=f"postgresql://{NAME}@192.0.2.10/giddyup?connect_timeout=1")
    assert "IPAddressDeny= keeps the service from 192.0.2.10" in line("service and database")
    assert "no password for 192.0.2.10" in line("credentials")
    service.drop_in(service.path(f"{EXAMPLES}/remote-database.conf").read_text())
    assert "it may reach 192.0.2.10" in line("service and database")


def test_a_folder_that_is_closed_to_the_service(
    service: Service, line: Callable[[str], str]
) -> None:
    service.shell(f"chmod 750 {MASTER}")
    assert f"WARN  service and tree: {MASTER} is closed to others" in line("service and tree")
    service.shell(f"chmod 755 {MASTER}; chown {SCRAPER} {MASTER}")
    assert "OK    service and tree" in line("service and tree")


def test_root_is_not_the_role(service: Service, line: Callable[[str], str]) -> None:
    found = line("database")
    assert "Peer authentication failed" in found
    assert "runuser" in found
