"""From the package to a service that follows its tree, and what a person sees of it."""

import pytest

from tests.systemd.service import MASTER, NAME, UNIT, Service
from tests.wait import wait_until

pytestmark = [pytest.mark.root, pytest.mark.booted]


def test_started_it_is_ready_and_says_how_far_it_is(service: Service) -> None:
    service.write_months("2024-06", "2024-07")
    service.start()
    assert service.show("ActiveState") == "active"
    service.wait_until_idle()
    said = service.run("systemctl", "status", "--no-pager", NAME)
    assert 'Status: "up to date, watching by inotify"' in said
    assert "daemon_started" in said
    assert service.loaded().keys() == {"2024-06", "2024-07"}
    assert "2 segments: 2 equal" in service.prove()


def test_enabled_it_is_part_of_the_boot(service: Service) -> None:
    said = service.run("systemctl", "enable", NAME)
    assert f"multi-user.target.wants/{UNIT}" in said
    assert service.run("systemctl", "is-enabled", NAME).strip() == "enabled"
    service.run("systemctl", "disable", NAME)


def test_what_another_user_writes_is_loaded(service: Service) -> None:
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    owner = service.run("stat", "--format=%U", MASTER).strip()
    assert owner not in (NAME, "root")
    service.write_months("2024-08")
    wait_until(lambda: "2024-08" in service.loaded(), 30, what="the new month is not loaded")
    service.correct("2024-06")
    wait_until(lambda: len(service.events("segment_ingested")) >= 3, 30)
    service.wait_until_idle()
    assert "2 segments: 2 equal" in service.prove()


def test_it_runs_as_nobody_who_owns_anything(service: Service) -> None:
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    assert service.show("User") == NAME
    assert NAME not in service.path("/etc/passwd").read_text()
    status = service.path(f"/proc/{service.pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status
    assert "Seccomp:\t2" in status
    session = service.sql(
        "SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name LIKE 'giddyup-watch%'"
    )
    assert session == NAME


def test_metrics_of_the_process_are_there(service: Service) -> None:
    """Hardening that hides the rest of /proc must not hide the daemon from itself."""
    service.start()
    said = service.run("curl", "--silent", "--fail", "http://127.0.0.1:9917/metrics")
    assert "process_resident_memory_bytes" in said
    assert "giddyup_watch_tree_up" in said


def test_commands_of_root_and_of_its_user_reach_it(service: Service) -> None:
    service.start()
    assert "Nothing has changed." in service.run(NAME, "reload")
    assert "Nothing has changed." in service.run(NAME, "reload", user=NAME)


def test_the_journal_has_its_fields(service: Service) -> None:
    service.write_months("2024-06")
    service.start()
    (loaded,) = service.wait_for("segment_ingested")
    assert loaded["SEGMENT"] == "gb/flat/2024-06"
    assert loaded["PRIORITY"] == "6"
    assert loaded["SYSLOG_IDENTIFIER"] == NAME
    assert loaded["MESSAGE"].startswith("segment_ingested segment=gb/flat/2024-06 ")
    found = service.journal("SEGMENT=gb/flat/2024-06", "GIDDYUP_EVENT=segment_ingested")
    assert [entry["__CURSOR"] for entry in found] == [loaded["__CURSOR"]]


@pytest.mark.parametrize("there", [False, True])
def test_no_secret_at_all_needs_no_folder_for_them(service: Service, *, there: bool) -> None:
    folder = "/etc/giddyup-watch/credentials"
    service.shell(f"rm -rf {folder}" if not there else f"install -d -m 700 {folder}")
    service.start()
    assert service.show("ActiveState") == "active"


def test_secrets_in_their_folder_reach_it_and_nobody_else(service: Service) -> None:
    service.sql(f"ALTER ROLE \"{NAME}\" PASSWORD 'from a file'")
    service.configure(database__url=f"postgresql://{NAME}@127.0.0.1/giddyup")
    service.shell("install -d -m 700 /etc/giddyup-watch/credentials")
    service.write("/etc/giddyup-watch/credentials/db_password", "from a file\n", 0o600)
    service.write("/etc/giddyup-watch/credentials/admin_token", "letmein\n", 0o600)
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}
    rescan = [
        "curl",
        "--silent",
        "--output",
        "/dev/null",
        "--write-out",
        "%{http_code}",
        "--request",
        "POST",
    ]
    where = "http://127.0.0.1:9917/api/v1/admin/rescan"
    assert service.run(*rescan, where) == "401"
    assert service.run(*rescan, "--header", "X-API-Key: letmein", where).startswith("20")
    assert "from a file" not in service.text()


def test_a_tree_below_home_takes_its_drop_in(service: Service) -> None:
    tree = "/home/" + "racing/master"
    service.shell(f"install -d -o scraper {tree}; rm -r {MASTER}")
    service.configure(master__path=tree)
    service.start()
    service.wait_for("tree_lost")
    assert "tree" in service.wait_for_status("waiting: tree")
    assert "ProtectHome" in service.machine.done(NAME, "doctor").stdout
    text = service.path(
        "/usr/share/doc/giddyup-watch/examples/giddyup-watch.service.d/tree-under-home.conf"
    ).read_text()
    service.drop_in(text)
    service.write_months("2024-06", master=tree)
    service.restart()
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}
    service.shell(f"rm -r {tree}; install -d -o scraper {tree}")
    service.write_months("2024-07", master=tree)
    wait_until(lambda: "2024-07" in service.loaded(), 60, what="the folder made anew is not seen")


def test_the_role_owns_nothing(service: Service) -> None:
    """The owner of the database migrates it and grants; no password, and no right too many."""
    service.sql("ALTER DATABASE giddyup OWNER TO postgres", "postgres")
    owner = ["env", "GIDDYUP_WATCH_DATABASE__URL=postgresql:///giddyup", NAME]
    service.run(*owner, "migrate", "--role", NAME, user="postgres")
    service.write_months("2024-06")
    service.start()
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}
    owned = "SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = 'giddyup-watch'"
    assert service.sql(owned) == "0"


def test_several_trees_each_with_a_database(service: Service) -> None:
    service.write_months("2024-06")
    service.start()
    other, name = "/srv/racing/other", "giddyup-watch-other"
    service.shell(f"install -d -o scraper {other}")
    service.sql(f'DROP DATABASE IF EXISTS other; DROP ROLE IF EXISTS "{name}"', "postgres")
    service.sql(f'CREATE ROLE "{name}" LOGIN', "postgres")
    service.sql(f'CREATE DATABASE other OWNER "{name}" TEMPLATE template0', "postgres")
    service.write(
        "/etc/giddyup-watch/other.toml",
        f'[master]\npath = "{other}"\n'
        f'[database]\nurl = "postgresql://{name}@/other?host=/var/run/postgresql"\n'
        '[http]\nlisten = "127.0.0.1:9918"\n',
    )
    service.write_months("2024-09", master=other)
    instance = "giddyup-watch@other"
    service.run("systemctl", "start", instance)
    wait_until(
        lambda: (
            service.sql(
                "SELECT count(*) FROM racing.ledger_segments WHERE state = 'loaded'", "other"
            )
            == "1"
        ),
        60,
    )
    service.wait_until_idle()
    assert service.loaded().keys() == {"2024-06"}
    service.write("/etc/giddyup-watch/other.toml", "[watch]\nquiet_ms = -1\n")
    assert service.machine.done("systemctl", "reload", instance).returncode
    assert service.reload().returncode == 0
    service.shell(f"systemctl stop {instance}; rm -r {other} /etc/giddyup-watch/other.toml")
