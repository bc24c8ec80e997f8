"""One tone in everything that operators read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "giddyup_watch"

#: Says nothing, blames, or is another word for one of ours.
NOT_OUR_WORDS = re.compile(
    r"\b(please|sorry|oops|unfortunately|successfully|unable to|failed to|invalid|illegal|abort\w*"
    r"|cancell\w+|whitelist|blacklist)\b|!$",
    re.IGNORECASE,
)


def _literal(node: ast.AST | None) -> str | None:
    """A string as it is written, its values left out; None for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (_literal(part) if isinstance(part, ast.Constant) else "x" for part in node.values)
        return "".join(part or "" for part in parts)
    return None


def _calls() -> Iterator[tuple[str, ast.Call]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(PACKAGE)}:{node.lineno}", node


def _messages() -> Iterator[tuple[str, str]]:
    """First arguments of our errors."""
    for place, node in _calls():
        if ast.unparse(node.func).endswith("Error") and node.args:
            text = _literal(node.args[0])
            if text:
                yield place, text


def _hints() -> Iterator[tuple[str, str]]:
    for place, node in _calls():
        for keyword in node.keywords:
            text = _literal(keyword.value) if keyword.arg == "hint" else None
            if text:
                yield place, text


def test_messages_and_hints_are_there_to_be_looked_at() -> None:
    assert len(list(_messages())) > 60
    assert len(list(_hints())) > 60


def test_they_begin_small_and_end_without_a_full_stop() -> None:
    """They stand behind a colon or a dash, in a log line, in JSON: never as a sentence."""
    wrong = [
        (place, text)
        for place, text in (*_messages(), *_hints())
        if re.match(r"[A-Z][a-z]+\b(?!Error)", text) or re.search(r"[^.]\.$", text)
    ]
    assert wrong == []


def test_words() -> None:
    """Also in the help of commands and metrics, on the page, in what the API describes."""
    found = [
        f"{path.relative_to(PACKAGE)}:{node.lineno} {text.strip()[:80]}"
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and (text := _literal(node))
        if " " in text.strip() and NOT_OUR_WORDS.search(text)
    ]
    assert found == []
