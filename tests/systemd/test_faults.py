"""What the service must survive, with systemd's help or without."""

import pytest

from tests.systemd.service import NAME, Service
from tests.wait import wait_until

pytestmark = [pytest.mark.root, pytest.mark.booted]

#: Seconds in which a loop that ingests has to make progress, and the watchdog's of this test.
INGEST_LIMIT, WATCHDOG = 60, 10

LOCKED = """
SELECT count(*) FROM pg_locks
WHERE mode = 'ExclusiveLock' AND relation = 'racing.ledger_segments'::regclass
"""
#: It sleeps, and does not hear that its client has left.
LET_GO = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()
"""
WORKER = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'giddyup-watch active %'"


def test_killed_it_comes_back_and_ends_with_the_same_database(service: Service) -> None:
    service.drop_in("[Service]\nRestartSec=100ms\n")
    months = [f"2024-{month:02}" for month in range(1, 13)]
    service.write_months(*months, volume=0.3)
    service.start()
    service.wait_for("segment_ingested")  # the first of twelve
    before = service.pid
    service.run("kill", "-KILL", before)
    wait_until(lambda: service.pid not in (0, before), 30, what="it is not restarted")
    service.wait_until_idle()
    assert service.show("NRestarts") == "1"
    assert "12 segments: 12 equal" in service.prove()


def test_a_mistake_in_the_settings_is_78_and_no_loop(service: Service) -> None:
    service.configure(watch__quiet_ms="soon")
    assert service.machine.done("systemctl", "start", NAME).returncode != 0
    service.wait_for_state("failed")
    assert service.show("ExecMainStatus") == "78"
    assert service.show("NRestarts") == "0"
    assert "watch.quiet_ms" in service.text()


def test_started_without_a_database_it_waits_for_it(service: Service) -> None:
    service.write_months("2024-06")
    service.run("systemctl", "stop", "postgresql@15-main")
    service.start()
    assert service.show("ActiveState") == "active"
    service.wait_for_status("waiting: database")
    service.run("systemctl", "start", "postgresql@15-main")
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}


def test_a_database_restarted_under_it(service: Service) -> None:
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    pid = service.pid
    service.run("systemctl", "restart", "postgresql@15-main")
    service.wait_for("database_back")
    service.write_months("2024-07")
    wait_until(lambda: "2024-07" in service.loaded(), 60, what="the new month is not loaded")
    assert (service.pid, service.show("NRestarts")) == (pid, "0")


def test_changes_of_the_time_it_was_down_are_loaded_after_a_reboot(service: Service) -> None:
    service.write_months("2024-06", "2024-07")
    service.run("systemctl", "enable", NAME)
    service.start()
    service.wait_until_idle()
    service.stop()
    service.correct("2024-06")
    service.write_months("2024-08")
    service.forget()
    service.machine.reboot()
    service.wait_until_idle()
    service.run("systemctl", "disable", NAME)
    assert service.loaded().keys() == {"2024-06", "2024-07", "2024-08"}
    assert "3 segments: 3 equal" in service.prove()


@pytest.mark.failure(line=25)
def test_a_loop_that_hangs_is_shown_killed_and_made_good(service: Service) -> None:
    """The server process that the loop waits for is stopped: nothing ends that wait."""
    service.drop_in(f"[Service]\nWatchdogSec={WATCHDOG}\nRestartSec=100ms\n")
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    before, backend = service.pid, service.sql(WORKER)
    service.run("kill", "-STOP", backend)
    try:
        service.write_months("2024-07")
        service.wait_for_status("stalled: worker", INGEST_LIMIT + 30)
        wait_until(lambda: service.pid not in (0, before), 60, what="the watchdog does not bite")
    finally:
        service.run("kill", "-CONT", backend)
    said = service.text()
    assert "Watchdog timeout" in said
    assert "Fatal Python error: Aborted" in said
    stacks = said.partition("Fatal Python error: Aborted")[2]
    assert stacks.count("most recent call first") >= 4
    assert "worker.py" in stacks
    service.wait_until_idle()
    assert "2 segments: 2 equal" in service.prove()


def _in_the_last_statement(service: Service) -> str:
    return service.sql(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name LIKE 'giddyup-watch active %' AND wait_event_type = 'Lock'"
    )


@pytest.fixture
def held_up(service: Service) -> Service:
    """A service in the middle of a month, which another session does not let it finish."""
    service.configure(database__lock_timeout_ms=3_600_000)
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    locker = (
        "BEGIN; LOCK TABLE racing.ledger_segments IN EXCLUSIVE MODE; SELECT pg_sleep(600); COMMIT;"
    )
    service.shell(
        "systemd-run --quiet --collect --unit=locker --property=User=postgres"
        f" psql -XAtq --command={service.quoted(locker)} giddyup"
    )
    wait_until(lambda: service.sql(LOCKED) == "1", 20, what="the lock is not taken")
    service.write_months("2024-07")
    wait_until(lambda: _in_the_last_statement(service) == "1", 30, what="nobody is held up")
    return service


def test_stopped_it_finishes_the_month_in_hand(held_up: Service) -> None:
    held_up.run("systemctl", "stop", "--no-block", NAME)
    held_up.wait_for_status("stopping: finishing gb/flat/2024-07")
    held_up.sql(LET_GO)
    held_up.wait_for_state("inactive")
    (stopped,) = held_up.events("daemon_stopped")
    assert stopped["EXIT_CODE"] == "0"
    assert held_up.loaded().keys() == {"2024-06", "2024-07"}


def test_stopped_it_gives_the_month_up_at_its_deadline(held_up: Service) -> None:
    backend = held_up.sql(WORKER)
    held_up.run("kill", "-STOP", backend)
    try:
        held_up.run("systemctl", "stop", "--no-block", NAME)
        held_up.wait_for_state("inactive", 90)
    finally:
        held_up.run("kill", "-CONT", backend)
        held_up.sql(LET_GO)
    (stopped,) = held_up.events("daemon_stopped")
    assert (stopped["EXIT_CODE"], stopped["UNFINISHED"]) == ("143", '["worker"]')
    assert held_up.machine.done("systemctl", "is-failed", NAME).stdout.strip() == "inactive"
    assert held_up.loaded().keys() == {"2024-06"}
    held_up.start()
    held_up.wait_until_idle()
    assert held_up.loaded().keys() == {"2024-06", "2024-07"}
