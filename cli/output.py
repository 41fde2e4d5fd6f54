"""What a command shows: results on stdout, everything else (notes, progress) on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

PIPED_WIDTH = 200  # characters; a file or a pipe has no width, and 80 would break lines that are searched

RESULTS = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH, highlight=False)
NOTES = Console(stderr=True, highlight=False)


class OnProgress(Protocol):
    """Told how far a piece of work is: `done` of `total` (None where it is not known)."""

    def __call__(self, done: int, total: int | None, what: str = "") -> None: ...


def note(text: str) -> None:
    """One line for the person at the terminal."""
    NOTES.print(text, markup=False)


def emit_json(value: Any) -> None:
    """The one JSON document of a --json command."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def show_table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """A table on stdout; columns whose cells are all numbers are right-aligned."""
    cells = [list(row) for row in rows]
    table = Table(
        title=title or None, title_justify="left", header_style="bold", show_edge=False, pad_edge=False
    )
    for position, header in enumerate(headers):
        numeric = bool(cells) and all(isinstance(row[position], int | float) for row in cells)
        # Folded, never cut: an id on the screen must be whole to be copied.
        table.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        table.add_row(*(str(cell) for cell in row))
    RESULTS.print(table)


def show_facts(facts: Iterable[tuple[str, object]], *, title: str = "") -> None:
    """Names and values, one per line, on stdout."""
    table = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        show_header=False,
        box=None,
        pad_edge=False,
    )
    table.add_column(style="dim")
    table.add_column()
    for name, value in facts:
        table.add_row(name, str(value))
    RESULTS.print(table)


@contextmanager
def progress_bar(what: str, *, unit: str = "") -> Iterator[OnProgress]:
    """A bar on stderr while the block runs; nothing where stderr is not a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=NOTES, transient=True, disable=not NOTES.is_terminal) as progress:
        task = progress.add_task(what, total=None)

        def update(done: int, total: int | None, what: str = what) -> None:
            progress.update(task, completed=done, total=total, description=what)

        yield update
