"""How answers look: tables and colour on a terminal, plain columns and JSON elsewhere."""

import datetime as dt
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import click

from giddyup_watch import terminal

#: Of the characters that a terminal obeys those that JSON leaves alone.
_ESCAPED = {code: f"\\u{code:04x}" for code in range(0x7F, 0xA0)}


def on_terminal() -> bool:
    return sys.stdout.isatty()


Progress = Callable[[int, int, str], None]


@contextmanager
def progress(unit: str, *, quiet: bool = False) -> Iterator[Progress]:
    """Draw a bar on a terminal's stderr, elsewhere print a line for each one done.

    Yields what to tell: so many done, of how many, the last. `quiet`: no lines.
    """
    if not sys.stderr.isatty():
        yield _nothing if quiet else _line
        return
    from rich import console  # noqa: PLC0415  only on a terminal
    from rich import progress as bars  # noqa: PLC0415

    columns = (
        bars.BarColumn(),
        bars.MofNCompleteColumn(),
        bars.TextColumn(unit + " {task.description}"),
        bars.TimeRemainingColumn(),
    )
    with bars.Progress(*columns, console=console.Console(stderr=True)) as bar:
        tasks: list[bars.TaskID] = []  # nothing is drawn before there is anything to tell

        def show(done: int, total: int, name: str) -> None:
            if not tasks:
                tasks.append(bar.add_task(""))
            bar.update(tasks[0], completed=done, total=total, description=name)

        yield show


def _line(done: int, total: int, name: str) -> None:
    click.echo(f"{done} of {total}: {name}", err=True)


def _nothing(_done: int, _total: int, _name: str) -> None:
    """Nobody watches."""


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under headers; numbers are put to the right."""
    filled = [tuple(row) for row in rows]
    if on_terminal():
        _rich_table(headers, filled)
        return
    texts = [tuple(headers), *(tuple(_text(cell) for cell in row) for row in filled)]
    widths = [max(len(line[i]) for line in texts) for i in range(len(headers))]
    right = [_numeric(filled, i) for i in range(len(headers))]
    for line in texts:
        cells = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        click.echo("  ".join(cells).rstrip())


def document(value: object) -> None:
    """Print a value as JSON; times in ISO 8601."""
    text = json.dumps(value, indent=2, default=_plain, ensure_ascii=False)
    click.echo(text.translate(_ESCAPED))


def _rich_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich import box, console, table, text  # noqa: PLC0415  only on a terminal: 60 ms

    drawn = table.Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i, header in enumerate(headers):
        drawn.add_column(header, justify="right" if _numeric(rows, i) else "left")
    for row in rows:
        drawn.add_row(*(text.Text(_text(cell)) for cell in row))
    console.Console().print(drawn)


def _numeric(rows: Sequence[Sequence[object]], column: int) -> bool:
    return bool(rows) and all(isinstance(row[column], int | float) for row in rows)


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    if isinstance(cell, dt.datetime):
        return f"{cell.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}Z"
    return terminal.harmless(str(cell)).replace("\n", "\\n")


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
