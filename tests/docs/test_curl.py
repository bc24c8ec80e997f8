"""Curl lines, carried out by curl: those of the documents, and those that are promised for ever."""

import json
import re
from typing import Any

import pytest

from tests.docs import markdown
from tests.docs.conftest import TOKEN, Machine, Said, assert_documented

pytestmark = pytest.mark.slow  # curl is no package of PyPI: Debian's

SHOWN = [
    pytest.param(command, id=f"{block.place}-{number}")
    for block in markdown.blocks("sh")
    for number, command in enumerate(markdown.commands(block.text))
    if markdown.program(command) == "curl"
]

_WRITING = """-H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'"""

#: How the users of the original system call: their scripts go on working, with host and token
#: added. Never change one of these.
PROMISED = {
    "today": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{"regions":["gb"],"codes":["flat"],"dates":["today"]}}'""",
    "status": "curl http://localhost:9917/api/v1/admin/ingest/status",
    "gaps today": 'curl "http://localhost:9917/api/v1/admin/gaps?on=$(date +%F)"',
    "gaps": "curl http://localhost:9917/api/v1/admin/gaps",
    "nightly": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{"regions":["gb","ire"],"codes":["flat","jumps"],"dates":["today"]}}'""",
    "gaps yesterday": (
        'curl "http://localhost:9917/api/v1/admin/gaps?on=$(date -d yesterday +%F)"'
    ),
    "a day again": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{"regions":["gb"],"codes":["flat"],"dates":["2025-10-12"],"force":true}}'""",
    "a month": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{
    "regions": ["gb"],
    "codes": ["flat"],
    "range": {{"from": "2024-09-01", "to": "2024-09-30"}}
  }}'""",
    "a day": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{"regions":["gb"],"codes":["flat"],"dates":["2024-01-01"]}}'""",
    "force told": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{"regions": ["gb", "ire"], "codes": ["flat", "jumps"], "dates": ["2025-10-13"], "force": false}}'""",  # noqa: E501
    "a range, force told": rf"""curl -X POST http://localhost:9917/api/v1/admin/ingest/run \
  {_WRITING} \
  -d '{{"regions": ["gb"], "codes": ["flat"], "range": {{"from": "2025-09-01", "to": "2025-09-30"}}, "force": false}}'""",  # noqa: E501
}

#: The keys that the original answers had, below them those of each check and item.
RUN = ("run_id", "status", "started_at", "scope")
STATUS = (
    "run_id", "status", "started_at", "finished_at", "duration_ms", "scope", "stats", "error_msg",
)  # fmt: skip
STATS = {"races_inserted", "runners_inserted", "races_updated", "runners_updated", "errors"}
CHECKS = {
    "entries_today": "races",
    "unresulted_passed": "races",
    "runner_count_mismatch": "races",
    "unresolved_horses": "horses",
    "yesterday_missing_winners": "races",
}


def carried_out(machine: Machine, command: str) -> Any:
    """The answer; a run that was begun has ended, without an error."""
    answer = assert_documented(machine.shell(command))
    if "/ingest/run " in command:
        ended = machine.ended(answer["run_id"])
        assert (ended["status"], ended["stats"]["errors"]) == ("success", 0)
    return answer


@pytest.mark.parametrize("command", SHOWN)
def test_a_line_that_is_shown(machine: Machine, command: str) -> None:
    carried_out(machine, command)


def test_enough_lines_are_shown() -> None:
    assert len(SHOWN) > 8


@pytest.mark.parametrize("command", PROMISED.values(), ids=PROMISED.keys())
def test_a_line_that_is_promised(machine: Machine, command: str) -> None:
    answer = carried_out(machine, command)
    if "-X POST" in command:
        assert tuple(answer) == RUN
        assert answer["status"] == "running"
        sent = json.loads(command.partition("-d '")[2].rstrip("'"))
        assert [answer["scope"][name] for name in ("regions", "codes")] == [
            sent["regions"],
            sent["codes"],
        ]
    elif "/status" in command:
        assert tuple(answer) == STATUS
        assert answer["stats"].keys() >= STATS
    else:
        assert tuple(answer) == ("date", "checks", "summary")
        assert tuple(answer["summary"]) == ("total_issues", "critical", "warnings")
        for name, listed in CHECKS.items():
            assert tuple(answer["checks"][name]) == ("count", listed)
            assert answer["checks"][name]["count"] == len(answer["checks"][name][listed])


def test_a_line_without_its_token_says_what_to_do(machine: Machine) -> None:
    said = machine.shell(
        PROMISED["today"]
        .replace(' -H "Authorization: Bearer $TOKEN"', "")
        .replace('-H "Authorization: Bearer $TOKEN" ', "")
    )
    assert said.statuses == [401]
    assert "token" in json.loads(said.out)["detail"]


def crontab() -> list[str]:
    """What cron would hand to /bin/sh, of every crontab that is shown."""
    lines = [line for block in markdown.blocks("crontab") for line in block.text.splitlines()]
    entries = [line for line in lines if re.match(r"[\d*@]", line)]
    return [_handed_over(entry) for entry in entries]


def _handed_over(entry: str) -> str:
    """Five fields of time and a user; then the command, up to a `%` without a backslash."""
    *_, user, command = entry.split(maxsplit=6)
    assert user == "root", f"a line of /etc/cron.d names its user: {entry}"
    handed, *rest = re.split(r"(?<!\\)%", command)
    assert not rest, f"% ends a command of cron: {entry}"
    return handed.replace(r"\%", "%")


def run_by_cron(machine: Machine, command: str) -> Said:
    here = command.replace("/run/giddyup-watch/admin.sock", str(machine.socket))
    minimal = {"HOME": str(machine.home), "LOGNAME": "root", "SHELL": "/bin/sh"}
    return machine.shell(here, shell="/bin/sh", PATH="/usr/bin:/bin", **minimal)


def test_the_crontab(machine: Machine) -> None:
    load, look = crontab()
    loaded = run_by_cron(machine, load)
    assert (loaded.code, loaded.out, loaded.statuses) == (0, "", [202])
    latest = json.loads(machine.shell(PROMISED["status"]).out)
    assert latest["scope"]["trigger"] == "api"
    assert len(latest["scope"]["dates"]) == 2
    machine.ended(latest["run_id"])

    looked = run_by_cron(machine, look)
    assert (looked.out, looked.statuses) == ("", [200])
    something = look.replace('"total_issues":0,', '"total_issues":nothing')
    (found,) = run_by_cron(machine, something).out.splitlines()
    assert json.loads(found)["summary"]["total_issues"] == 0


def test_the_line_of_the_original_crontab(machine: Machine) -> None:
    """A crontab has it on one line, and the token in it."""
    line = " ".join(PROMISED["nightly"].replace("\\\n", "").split())
    said = run_by_cron(machine, line.replace("$TOKEN", TOKEN))
    run = assert_documented(said)
    assert machine.ended(run["run_id"])["status"] == "success"
