"""The package: upgraded under a running service, removed, purged."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.systemd.conftest import install
from tests.systemd.service import NAME, Service

pytestmark = [pytest.mark.root, pytest.mark.booted]

CONFIG = "/etc/giddyup-watch/config.toml"
STATE = "/var/lib/private/giddyup-watch"


@pytest.fixture(scope="module")
def previous(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package under an older number, with a file that the new one lacks."""
    folder = tmp_path_factory.mktemp("previous")
    subprocess.run(["dpkg-deb", "--raw-extract", package, folder / "tree"], check=True)
    control = folder / "tree" / "DEBIAN" / "control"
    lines = control.read_text().splitlines(keepends=True)
    control.write_text(
        "".join("Version: 0.0.1\n" if line.startswith("Version:") else line for line in lines)
    )
    (folder / "tree/usr/lib/giddyup-watch/of-the-previous").touch()
    built = folder / "previous.deb"
    pack = ["dpkg-deb", "--build", "--root-owner-group", "-Znone", str(folder / "tree"), str(built)]
    subprocess.run(pack, check=True, stdout=subprocess.DEVNULL)
    return built


@pytest.fixture
def installed_again(service: Service, package: Path) -> Iterator[Service]:
    """Whatever the test does to the package, it is there for the next one."""
    yield service
    install(service.machine, package)


def version(service: Service) -> str:
    shown = service.run("dpkg-query", "--show", "--showformat=${Version}", NAME)
    return shown.strip()


def test_upgraded_it_goes_on_with_the_new_version(
    installed_again: Service, previous: Path, package: Path
) -> None:
    service = installed_again
    service.run("dpkg", "--purge", NAME)
    install(service.machine, previous)
    service.configure(gaps__window_days=9)
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    before = service.pid
    assert version(service) == "0.0.1"
    install(service.machine, package)
    assert version(service) != "0.0.1"
    assert service.show("ActiveState") == "active"
    assert service.pid != before
    assert service.show("Result") == "success"
    assert "window_days = 9" in service.path(CONFIG).read_text()
    assert not service.path("/usr/lib/giddyup-watch/of-the-previous").exists()
    service.write_months("2024-07")
    service.wait_for("segment_ingested", 2)
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06", "2024-07"}


def test_installed_it_does_not_start_by_itself(installed_again: Service, package: Path) -> None:
    service = installed_again
    service.run("dpkg", "--purge", NAME)
    said = install(service.machine, package)
    assert "giddyup-watch setup" in said
    assert service.show("ActiveState") == "inactive"
    assert service.machine.done("systemctl", "is-enabled", NAME).stdout.strip() == "disabled"


def test_removed_it_stops_and_leaves_settings_and_state(installed_again: Service) -> None:
    service = installed_again
    service.start()
    pid = service.pid
    service.run("dpkg", "--remove", NAME)
    assert not service.path(f"/proc/{pid}").exists()
    assert service.show("LoadState") in ("not-found", "masked")
    assert service.path(CONFIG).exists()
    assert service.path(STATE).is_dir()
    assert not service.path("/usr/lib/giddyup-watch").exists()
    assert not service.path("/usr/bin/giddyup-watch").exists()


def test_purged_it_leaves_nothing_but_tree_and_database(installed_again: Service) -> None:
    service = installed_again
    service.write_months("2024-06")
    service.write("/etc/giddyup-watch/credentials/admin_token", "letmein", 0o600)
    service.run("systemctl", "enable", NAME)
    service.start()
    service.wait_until_idle()
    service.run("dpkg", "--purge", NAME)
    left = service.shell(
        "ls -d /etc/giddyup-watch /var/lib/giddyup-watch /var/lib/private/giddyup-watch"
        " /etc/systemd/system/*.wants/giddyup-watch* /run/giddyup-watch 2>/dev/null || true"
    )
    assert left == ""
    assert service.loaded().keys() == {"2024-06"}
    assert service.path("/srv/racing/master/gb/flat/2024-06").is_dir()
