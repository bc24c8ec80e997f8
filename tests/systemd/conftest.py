"""One machine for the session, the package installed; a test begins with a stopped service."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd import machine as machines
from tests.systemd.machine import Machine
from tests.systemd.service import MASTER, NAME, SCRAPER, UNIT, Service
from tests.wait import wait_until

ROOT = Path(__file__).parents[2]
#: Where the journal of a failed test goes.
ARTEFACTS = ROOT / "build" / "test-systemd"


@pytest.fixture(scope="session")
def package() -> Path:
    """The .deb that `make deb` has built last."""
    built = sorted((ROOT / "dist").glob("giddyup-watch_*.deb"), key=os.path.getmtime)
    assert built, "make deb builds what is tested here"
    return built[-1]


@pytest.fixture(scope="session")
def bare_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted, with PostgreSQL running and nothing of ours on it."""
    with machines.booted(tmp_path_factory.mktemp("machine")) as booted:
        booted.run("pg_createcluster", "15", "main", "--locale=C.UTF-8", "--encoding=UTF8")
        booted.run("systemctl", "daemon-reload")
        booted.run("systemctl", "start", "postgresql")
        booted.run("createuser", NAME, user="postgres")
        booted.run("useradd", SCRAPER)
        yield booted


@pytest.fixture(scope="session")
def machine(bare_machine: Machine, package: Path) -> Machine:
    install(bare_machine, package)
    return bare_machine


def install(machine: Machine, package: Path) -> str:
    """As `apt install ./package.deb` does, after the dependencies."""
    copied = f"/var/tmp/{package.name}"
    (machine.root / copied.lstrip("/")).write_bytes(package.read_bytes())
    return machine.run("dpkg", "--install", "--force-confold", copied)


@pytest.fixture
def service(machine: Machine, request: pytest.FixtureRequest) -> Iterator[Service]:
    """The service, not running, with good settings, an empty database and an empty tree."""
    service = Service(machine)
    clean(service)
    service.forget()
    yield service
    if getattr(request.node, "failed", True):
        keep(service, request.node.name)
    service.shell(f"systemctl stop {NAME} || true")


def clean(service: Service) -> None:
    service.shell(
        f"systemctl stop {NAME}; systemctl reset-failed {NAME} 2>/dev/null || true;"
        " systemctl start postgresql;"
        f"rm -rf /etc/systemd/system/{UNIT}.d /etc/giddyup-watch/credentials/* {MASTER};"
        f"install -d -o {SCRAPER} {MASTER}; systemctl daemon-reload"
    )
    wait_until(
        lambda: service.machine.done("pg_isready", user="postgres").returncode == 0,
        60,
        what="no database",
    )
    service.make_database()
    service.configure()


def keep(service: Service, name: str) -> None:
    """Keep what a person needs to see why a test failed."""
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    status = service.run("systemctl", "status", "--full", "--no-pager", NAME, check=False)
    (ARTEFACTS / f"{name}.log").write_text(f"{status}\n{service.text()}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if call.when == "call":
        item.failed = report.failed  # type: ignore[attr-defined]
    return report
