"""The table for people, on stdout."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from loadtest.bench.figure import Figure

PIPED_WIDTH = 150
EXPLANATION = (
    "CPU is that of a whole process, all threads, user and system, in the quickest round of each; wall clock "
    "is the median round. By round: the median of the rounds' own ratios, which lies far from the ratio "
    "where the machine was disturbed. All ran in turns, on the same events and model, with the same scores."
)


def show(figures: Sequence[Figure]) -> None:
    """The table, then the notes."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("what")
    table.add_column("against")
    for header in ("ours", "peer"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("unit", no_wrap=True)
    for header in ("ratio", "target", "by round"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for each in figures:
        what, _, peer = each.name.partition(" against ")
        verdict = "met" if each.met else "MISSED"
        numbers = f"{each.ours:.4g}", f"{each.peer:.4g}", each.unit, f"{each.ratio:.3g}", f"≤ {each.target:g}"
        table.add_row(what, peer, *numbers, f"{each.by_round:.3g}", verdict)
    console.print(table)
    console.print()
    notes = Table.grid(padding=(0, 2, 0, 0))
    notes.add_column(ratio=2)
    notes.add_column(ratio=5)
    for each in figures:
        if each.note:
            notes.add_row(each.name, each.note)
    console.print(notes)
    console.print(f"\n{EXPLANATION} Python {platform.python_version()}, {platform.machine()}.")
