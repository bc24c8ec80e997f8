"""Two commands on a fresh machine: the package, then `setup`; from there on it runs by itself."""

from pathlib import Path

import pytest

from tests.systemd.conftest import install
from tests.systemd.service import DATABASE, MASTER, NAME, Service

pytestmark = [pytest.mark.root, pytest.mark.booted]


def test_two_commands_make_a_running_service(service: Service, package: Path) -> None:
    service.run("dpkg", "--purge", NAME)
    service.sql(f"DROP DATABASE {DATABASE} WITH (FORCE)", "postgres")
    service.sql(f'DROP ROLE IF EXISTS "{NAME}"', "postgres")
    install(service.machine, package)
    service.write_months("2024-06")

    service.run(NAME, "setup", "--master", MASTER, "--create-database")
    service.wait_for_state("active")
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}
    assert service.run("systemctl", "is-enabled", NAME).strip() == "enabled"
    owned = f"SELECT count(*) FROM pg_class WHERE relowner = '\"{NAME}\"'::regrole"
    assert service.sql(owned) == "0"

    service.write_months("2024-07")
    service.wait_for("segment_ingested", 2)
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06", "2024-07"}

    again = service.run(NAME, "setup", "--master", MASTER, "--create-database")
    assert service.show("ActiveState") == "active", again
    service.run("systemctl", "disable", NAME)
