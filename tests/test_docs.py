"""The documents against the code: what an operator looks up is there, and is true."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import psycopg
import pytest
from psycopg.rows import scalar_row

from giddyup_watch import errors, metrics
from giddyup_watch.cli import main
from giddyup_watch.cli.asking.coverage import MARKS
from giddyup_watch.demo import tree
from giddyup_watch.demo.racing.cards import World
from giddyup_watch.explain.proof import RESULTS
from giddyup_watch.explain.why.phrases import Verdict
from giddyup_watch.gaps import checks
from giddyup_watch.gaps import round as rounds
from giddyup_watch.gaps.check import Ask
from giddyup_watch.gaps.rows import NON_RUNNERS
from giddyup_watch.logs import Event
from giddyup_watch.model import SegmentKey
from giddyup_watch.settings import schema
from giddyup_watch.store import incidents, roles
from tests.gaps.conftest import MORNING, TERMS, Facts
from tests.gaps.scripted import Script, finding

ROOT = Path(__file__).parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
REFERENCE = [path.read_text() for path in sorted((ROOT / "docs").glob("*.md"))]
SEGMENT = SegmentKey("gb", "flat", "2024-06")

#: Tables of an existing GiddyUp database, which are its owner's to describe.
OWNERS = {
    "bloodlines", "courses", "etl_runs", "horse_alias", "horses", "ingested_days", "jockeys",
    "owners", "races", "runners", "trainers",
}  # fmt: skip


def _section(title: str) -> str:
    """Text below a heading that one document has, down to the next of its level."""
    form = rf"(?ms)^(##+) {re.escape(title)}\n(.*?)(?=^\1 |\Z)"
    found = [match[2] for text in REFERENCE for match in re.finditer(form, text)]
    assert len(found) == 1, f"{len(found)} sections {title!r} in docs/"
    return found[0]


def _rows(title: str) -> dict[str, list[str]]:
    """Tables of a section: the code in the first cell, and the other cells."""
    lines = re.findall(r"^\| `([^`]+)`([^|]*)\|(.*)\|$", _section(title), re.MULTILINE)
    return {code: [more, *rest.split(" | ")] for code, more, rest in lines}


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield f"{before}{name}", command


#: Told once for all commands, above the table.
SHARED_OPTIONS = {"--config", "--master", "--database"}


def test_commands_and_their_options() -> None:
    documented = {
        name: set(re.findall(r"--[a-z-]+", " ".join(cells)))
        for name, cells in _rows("Commands").items()
    }
    there = {
        name: {
            option
            for parameter in command.params
            for option in parameter.opts
            if option.startswith("--") and option not in SHARED_OPTIONS
        }
        for name, command in _commands(main.cli)
    }
    assert documented == there


def _error_classes(root: type[errors.GiddyupError]) -> Iterator[type[errors.GiddyupError]]:
    yield root
    for child in root.__subclasses__():
        yield from _error_classes(child)


def test_exit_codes() -> None:
    raised = {kind.exit_code for kind in _error_classes(errors.GiddyupError)}
    assert {int(code) for code in _rows("Exit codes")} == raised | {0, 1, main.EXIT_USAGE}


def test_log_events() -> None:
    assert set(_rows("Log events")) == {event.value for event in Event}


def test_gap_checks() -> None:
    """Severity, title and hint; the keys are told in words."""
    documented = {
        name: [re.sub(r"`|\\(?=\|)", "", cell).strip() for cell in (cells[1], cells[3], cells[4])]
        for name, cells in _rows("Gap checks").items()
    }
    there = {
        one.name: [one.severity, one.title.replace("`", ""), one.hint]
        for one in checks.registered()
    }
    assert documented == there


def test_non_runners() -> None:
    assert ", ".join(f"`{name}`" for name in NON_RUNNERS) in _section("Gap checks")


def _code() -> str:
    """The package's text, but for the two tables of names."""
    package = ROOT / "giddyup_watch"
    modules = set(package.rglob("*.py")) - {package / "logs.py", package / "metrics.py"}
    return "".join(path.read_text() for path in modules)


def test_every_event_is_said_somewhere() -> None:
    code = _code()
    assert [event.name for event in Event if f"Event.{event.name}" not in code] == []


def test_every_metric_is_fed_somewhere() -> None:
    code = _code()
    fed_by_itself = {"build_info"}
    silent = {row.name for row in metrics.TABLE if f'"{row.name}"' not in code}
    assert silent == fed_by_itself


def test_metrics_and_their_labels() -> None:
    documented = {name: re.findall(r"\w+", more) for name, (more, *_) in _rows("Metrics").items()}
    assert documented == {metrics.PREFIX + row.name: list(row.labels) for row in metrics.TABLE}


def test_the_number_of_series_is_stated() -> None:
    stated = re.search(r"([\d,]+) series, and (\d+) for each view", _section("Metrics"))
    assert stated is not None
    counted = metrics.Metrics(regions=("gb", "ire"), codes=("flat", "jumps"))
    before = _series(counted)
    counted.announce_view("racing.mv_runner_base")
    assert int(stated[1].replace(",", "")) == before
    assert int(stated[2]) == _series(counted) - before


def _series(of: metrics.Metrics) -> int:
    return sum(not line.startswith("#") for line in of.render().decode().splitlines())


def test_label_values() -> None:
    documented = {name: cells[1] for name, cells in _rows("Label values").items()}
    closed = {
        label: values
        for row in metrics.TABLE
        for label, values in row.labels.items()
        if values and row.name != "build_info"
    }
    assert documented.keys() == {label for row in metrics.TABLE for label in row.labels}
    for label, values in closed.items():
        assert [value for value in values if f"`{value}`" not in documented[label]] == []


def test_tables_and_their_columns(conn: psycopg.Connection[Any]) -> None:
    documented = {
        name: re.findall(r"`(\w+)`", cells[-1]) for name, cells in _rows("Tables").items()
    }
    columns: dict[str, list[str]] = {}
    for table, column in conn.execute(
        """
        SELECT c.relname, a.attname
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'racing'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
          AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname, a.attnum
        """
    ):
        if table not in OWNERS:
            columns.setdefault(f"racing.{table}", []).append(column)
    assert documented == columns


def test_monitoring_views_and_their_columns(conn: psycopg.Connection[Any]) -> None:
    documented = {
        name: re.findall(r"`(\w+)`", cells[-1]) for name, cells in _rows("Monitoring views").items()
    }
    there = conn.execute(
        """
        SELECT 'racing.' || c.relname, array_agg(a.attname::text ORDER BY a.attnum)
        FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'racing'::regnamespace AND c.relkind = 'v' AND a.attnum > 0
        GROUP BY c.relname
        """
    ).fetchall()
    assert documented == dict(there)


def test_functions(conn: psycopg.Connection[Any]) -> None:
    """Every function of ours that operators grant or call."""
    with conn.cursor(row_factory=scalar_row) as cursor:
        there = cursor.execute(
            "SELECT oid::regprocedure::text FROM pg_proc"
            " WHERE pronamespace = 'racing'::regnamespace AND obj_description(oid) IS NOT NULL"
        ).fetchall()
    assert set(_rows("Functions")) == set(there)


def test_rights_of_a_role() -> None:
    documented = {name: cells[1].strip() for name, cells in _rows("A role for the daemon").items()}
    there = {name: ", ".join(rights) for name, rights in roles.TABLES.items()}
    there |= dict.fromkeys(roles.FUNCTIONS, "EXECUTE")
    there |= {"database": "CONNECT", "racing": "USAGE", "staging": "USAGE", "sequences": "USAGE"}
    assert documented == there


def test_settings_that_documents_name_are_there() -> None:
    sections = "|".join({key.split(".")[0] for key in schema.KEYS})
    named = {
        (path.name, key)
        for path in DOCUMENTS
        for key in re.findall(rf"`({sections})\.(\w+)`", path.read_text())
    }
    keys = {tuple(key.split(".")) for key in schema.KEYS}
    assert {key for _, key in named} - keys == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_targets_of_make_are_there(path: Path) -> None:
    named = set(re.findall(r"`make (\w+)", path.read_text()))
    there = set(re.findall(r"^(\w+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named - there == set()


def _shape(document: Any) -> Any:
    """Keys all the way down; what a list holds is like its first element."""
    if isinstance(document, dict):
        return {key: _shape(value) for key, value in document.items()}
    if isinstance(document, list):
        return [_shape(document[0])] if document else []
    return None


def _example(title: str) -> Any:
    """Shape of a section's example; `{}` stands for the document of that name."""
    match = re.search(r"```json\n(.*?)```", _section(title), re.DOTALL)
    assert match is not None, f"no example under {title!r}"
    return _filled(_shape(json.loads(match[1], object_pairs_hook=_once)))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), f"a key twice among {[key for key, _ in pairs]}"
    return dict(pairs)


def _filled(shape: Any) -> Any:
    if not isinstance(shape, dict):
        return shape
    return {key: _example(key) if value == {} else _filled(value) for key, value in shape.items()}


@pytest.fixture
def loading(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Settings, by variables, of a database and a tree with a segment to load."""
    tree.build(tmp_path, World(volume=0.1), [SEGMENT])
    monkeypatch.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    monkeypatch.setenv("GIDDYUP_WATCH_MASTER__PATH", str(tmp_path))
    return ["--month", SEGMENT.month, "--json"]


def test_shapes_of_json(
    loading: list[str], conn: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    def printed(*args: str) -> Any:
        capsys.readouterr()
        assert main.run(args) == 0
        return _shape(json.loads(capsys.readouterr().out))

    conn.execute("LISTEN giddyup_ingest")
    dry_run = _example("ingest --dry-run --json")
    dry_run["segments"][0]["changes"] = []  # nothing is there yet that could differ
    assert printed("ingest", *loading, "--dry-run") == dry_run
    assert printed("ingest", *loading) == _example("ingest --json")
    (notice,) = conn.notifies(timeout=5, stop_after=1)
    assert _shape(json.loads(notice.payload)) == _example("NOTIFY giddyup_ingest")
    conn.execute("SET application_name = 'giddyup-watch active inotify queue=0'")
    conn.execute("SELECT pg_advisory_lock(123456789)")
    assert printed("status", "--json") == _example("status --json")


@pytest.fixture
def gappy(conn: psycopg.Connection[Any], database: str, monkeypatch: pytest.MonkeyPatch) -> dt.date:
    """A day with one of each that the original five checks find, the day before it included."""
    monkeypatch.setenv("GIDDYUP_WATCH_DATABASE__URL", database)
    stored, day = Facts(conn), dt.date(2024, 6, 14)
    stored.race(["2"], day=day - dt.timedelta(days=1))
    stored.runner(stored.race([None], key="abc", ran=2), "abc", day, "1", horse=False)
    stored.race(["1"], off="15:05", ran=2)
    race_id = stored.race([None], off="15:40")
    incidents.record(
        conn,
        [
            incidents.Sighting(
                "unresulted_passed", "unresulted_passed", "abc/2024-06-14", "critical", "gb",
                "flat", day, "", dict.fromkeys(_GAP_ITEM, race_id),
            )
        ],
    )  # fmt: skip
    return day


_GAP_ITEM = ("race_id", "date", "course_name", "off_time")


def test_shapes_of_gaps(gappy: dt.date, capsys: pytest.CaptureFixture[str]) -> None:
    def printed(*args: str) -> Any:
        capsys.readouterr()
        assert main.run(["gaps", "--json", *args]) == 1
        return _shape(json.loads(capsys.readouterr().out))

    assert printed() == _example("gaps --json")
    found, documented = printed("--on", str(gappy)), _example("gaps --on --json")
    found["checks"] = {name: found["checks"][name] for name in documented["checks"]}
    assert found == documented


def test_verdicts_of_why() -> None:
    assert set(_rows("why --json")) == set(get_args(Verdict))


def test_shape_of_why(
    loading: list[str], conn: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a day with one of each: a row that drifted, a reject, a gap; and work to do."""
    assert main.run(["ingest", *loading]) == 0
    capsys.readouterr()
    day = conn.execute("SELECT min(race_date) FROM racing.races").fetchall()[0][0]
    conn.execute("UPDATE racing.runners SET pos_raw = '99' WHERE race_date = %s", (day,))
    conn.execute(
        "INSERT INTO racing.ingest_rejects (region, code, month, d, file, line, value, reason)"
        " VALUES ('gb', 'flat', %s, %s, 'races.csv', 12, '', '')",
        (SEGMENT.first_day, day),
    )
    conn.execute(
        "INSERT INTO racing.data_gaps (check_name, family, key, severity, d, finding, item)"
        " VALUES ('rejected_rows', 'rejected_rows', 'gb/flat', 'warning', %s, '', '{}')",
        (day,),
    )
    assert main.run(["why", f"gb/flat/{day}", "--json"]) == 0
    printed = _shape(json.loads(capsys.readouterr().out))
    documented = _example("why --json")
    documented["answers"][0]["next"] = []  # what differs from the files is to be loaded by force
    assert printed == documented


def test_results_of_verify() -> None:
    assert tuple(_rows("verify --json")) == RESULTS


def test_shape_of_verify(
    loading: list[str], conn: psycopg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.run(["ingest", *loading]) == 0
    conn.execute("UPDATE racing.runners SET pos_raw = '99'")
    capsys.readouterr()
    assert main.run(["verify", *loading]) == 1
    assert _shape(json.loads(capsys.readouterr().out)) == _example("verify --json")


def test_states_of_coverage() -> None:
    documented = {name: cells[1].strip("` ") for name, cells in _rows("coverage --json").items()}
    marks = {state: mark.strip() or "blank" for state, (mark, _) in MARKS.items()}
    assert documented == marks


def test_shape_of_coverage(loading: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["coverage", "--year", "2024", "--json"]) == 0
    assert _shape(json.loads(capsys.readouterr().out)) == _example("coverage --json")


def test_shape_of_what_listeners_hear_of_gaps(conn: psycopg.Connection[Any]) -> None:
    script = Script(findings={"a": finding("a")})
    conn.execute("LISTEN giddyup_gap")
    rounds.go(Ask(conn, TERMS, MORNING, ()), [script.check])
    (notice,) = conn.notifies(timeout=5, stop_after=1)
    assert _shape(json.loads(notice.payload)) == _example("NOTIFY giddyup_gap")
