"""What is missing and why, over the API: the same that the commands say."""

import shutil
from pathlib import Path

from giddyup_watch.gaps import checks
from giddyup_watch.store.connection import Connection
from tests.http.conftest import Admin
from tests.wait import wait_until

ORIGINAL = {
    "entries_today": "races",
    "unresulted_passed": "races",
    "runner_count_mismatch": "races",
    "unresolved_horses": "horses",
    "yesterday_missing_winners": "races",
}


def raced(conn: Connection) -> str:
    """A day with flat racing in gb."""
    row = conn.execute(
        "SELECT min(race_date) FROM racing.ledger_races WHERE region = 'gb' AND code = 'flat'"
    ).fetchone()
    assert row is not None
    return str(row[0])


def test_gaps_on_a_day(admin: Admin, conn: Connection) -> None:
    day = raced(conn)
    found = admin.get(f"gaps?on={day}")
    assert found.status == 200
    assert list(found.document) == ["date", "checks", "summary"]
    assert found.document["date"] == day
    assert list(found.document["checks"]) == [check.name for check in checks.registered()]
    for name, listing in ORIGINAL.items():
        assert found.document["checks"][name].keys() == {"count", listing}
    assert found.document["summary"].keys() == {"total_issues", "critical", "warnings"}
    conn.execute("DELETE FROM racing.runners WHERE race_date = %s AND num = 1", [day])
    mismatch = admin.get(f"gaps?on={day}").document["checks"]["runner_count_mismatch"]
    assert mismatch["count"] == len(mismatch["races"]) > 0
    assert mismatch["races"][0].keys() == {"race_id", "date", "course_name", "ran", "runner_rows"}


def test_gaps_are_those_of_today_unless_a_day_is_named(admin: Admin) -> None:
    day = admin.get("gaps").document["date"]
    assert admin.get(f"gaps?on={day}").status == 200
    for wrong in ("tomorrow", "2024-02-30", "20240601", "", "0001-01-01"):
        assert admin.get(f"gaps?on={wrong}").status == 422


def test_open_gaps_and_their_acknowledgement(admin: Admin, conn: Connection) -> None:
    conn.execute(
        "INSERT INTO racing.data_gaps (check_name, family, key, severity, finding, item)"
        " VALUES ('stale_source', 'a family of its own', 'gb/flat', 'critical', 'is old', '{}')"
    )

    def found() -> list[dict[str, object]]:
        gaps = admin.get("gaps/open").document["gaps"]
        return [one for one in gaps if one["finding"] == "is old"]

    (gap,) = found()
    assert gap["check"] == "stale_source"
    assert gap["hint"]
    assert gap["acked_at"] is None
    acked = admin.post(f"gaps/{gap['gap_id']}/ack", {"note": "known"})
    assert (acked.status, acked.document["note"]) == (200, "known")
    assert found()[0]["acked_at"]
    assert admin.post("gaps/999999/ack", {"note": "known"}).status == 404
    for note in ("", None, "a\0b", 7):
        assert admin.post("gaps/1/ack", {"note": note}).status == 422


def test_coverage(admin: Admin) -> None:
    found = admin.get("coverage?year=2024").document
    assert (found["year"], found["tree"], len(found["calendars"])) == (2024, True, 4)
    assert len(found["calendars"][0]["days"]) == 366
    one = admin.get("coverage?year=2024&region=gb&code=flat").document["calendars"]
    assert [(each["region"], each["code"]) for each in one] == [("gb", "flat")]
    assert one[0]["totals"]["loaded"] > 0
    assert admin.get("coverage?region=fr").status == 422
    assert admin.get("coverage?year=0").status == 422


def test_why(admin: Admin, racing: Path, conn: Connection) -> None:
    day = raced(conn)
    found = admin.get(f"why/gb/flat/{day}")
    assert found.status == 200
    (reason,) = found.document["answers"]
    assert reason["segment"] == "gb/flat/2024-06"
    assert reason["verdict"] == "loaded"
    assert reason["conclusion"]
    assert reason["ledger"]["state"] == "loaded"
    assert admin.get("why/gb/flat/2024-06").document["answers"][0]["day"] is None
    for path in ("why/fr/flat/2024-06-03", "why/gb/flat/never", "why/../flat/2024-06"):
        assert admin.get(path).status in (404, 422)
    shutil.rmtree(racing)
    wait_until(lambda: admin.get("coverage").document["tree"] is False)
    assert admin.get(f"why/gb/flat/{day}").status == 200
    assert "skipped" in admin.get("gaps").document["checks"]["not_loaded"]
