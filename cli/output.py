"""What a command shows: results on stdout, everything else (notes, progress) on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 200  # characters; a file or a pipe has no width, and 80 would break lines that are searched

# Nothing that is shown is ours to interpret: customer ids and file names may look like markup or emoji.
_LITERAL: dict[str, bool] = {"highlight": False, "markup": False, "emoji": False}
RESULTS = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, **_LITERAL)  # type: ignore[arg-type]
NOTES = Console(stderr=True, **_LITERAL)  # type: ignore[arg-type]


class OnProgress(Protocol):
    """Told how far a piece of work is: `done` of `total` (None where it is not known)."""

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


def note(text: str) -> None:
    """One line for the person at the terminal; never broken, so that commands in it can be copied."""
    NOTES.print(as_text(text), soft_wrap=True)


def as_text(value: object) -> Text:
    """A value as it is, with control characters made visible: a terminal would obey them."""
    return Text("".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in str(value)))


def emit_json(value: Any) -> None:
    """The one JSON document of a --json command."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on stdout; columns whose cells are all numbers are right-aligned."""
    cells = [list(row) for row in rows]
    if title:  # not the table's own, which breaks where the table is narrow
        RESULTS.print(as_text(title), style="italic")
    table = Table(
        header_style="bold",
        box=SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )
    for position, header in enumerate(headers):
        numeric = bool(cells) and all(isinstance(row[position], int | float) for row in cells)
        # Folded, never cut: an id on the screen must be whole to be copied.
        table.add_column(as_text(header), justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(as_text(cell) for cell in row))
    RESULTS.print(table)


def show_facts(facts: Iterable[tuple[str, object]], *, title: str = "") -> None:
    """Names and values, one per line, on stdout."""
    table = Table(
        title=as_text(title) if title else None,
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(as_text(name), as_text(value))
    RESULTS.print(table)


def show_entries(entries: Iterable[tuple[str, str]]) -> None:
    """Long names, each on a line of its own to be copied, and under each what there is to say of it."""
    for name, text in entries:
        RESULTS.print(as_text(name), soft_wrap=True)
        RESULTS.print(as_text(f"  {text}"), soft_wrap=True)


@contextmanager
def progress_bar(what: str, *, unit: str = "", counts: bool = True) -> Iterator[OnProgress]:
    """A bar on stderr while the block runs; nothing where stderr is not a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn() if counts else TaskProgressColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=NOTES, transient=True, disable=not NOTES.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def update(done: int, total: int | None, what: str = what) -> None:
            progress.update(task, completed=done, total=total, description=what)

        yield update
