"""`systemctl reload`: done when it returns, and failed when nothing was taken over."""

import pytest

from tests.systemd.service import NAME, Service

pytestmark = [pytest.mark.root, pytest.mark.booted]


def test_a_good_file_is_in_force_when_the_command_returns(service: Service) -> None:
    service.start()
    service.configure(log__level="debug", gaps__window_days=9)
    assert service.reload().returncode == 0
    (reloaded,) = service.events("settings_reloaded")
    assert set(reloaded["APPLIED"].strip("[]").replace('"', "").split(", ")) == {
        "gaps.window_days",
        "log.level",
    }
    assert service.show("ActiveState") == "active"
    assert service.show("SubState") == "running"


def test_a_bad_file_fails_the_command_and_changes_nothing(service: Service) -> None:
    service.start()
    pid = service.pid
    service.configure(watch__quiet_ms=-1)
    done = service.reload()
    assert done.returncode != 0
    (refused,) = service.events("settings_refused")
    assert "watch.quiet_ms" in refused["REASON"]
    assert refused["PRIORITY"] == "3"
    assert "watch.quiet_ms" in service.text()
    assert (service.show("ActiveState"), service.pid) == ("active", pid)
    service.configure()
    assert service.reload().returncode == 0


def test_a_new_password_takes_a_restart(service: Service) -> None:
    folder = "/etc/giddyup-watch/credentials"
    service.sql(f"ALTER ROLE \"{NAME}\" PASSWORD 'old'")
    service.configure(database__url=f"postgresql://{NAME}@127.0.0.1/giddyup")
    service.write(f"{folder}/db_password", "old", 0o600)
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    service.sql(f"ALTER ROLE \"{NAME}\" PASSWORD 'new'")
    service.write(f"{folder}/db_password", "new", 0o600)
    assert service.reload().returncode == 0
    service.restart()
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}
