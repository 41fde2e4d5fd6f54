"""The results for people and for the guide."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from loadtest.compare.result import Result

PIPED_WIDTH = 170
HEADERS = (
    "",
    "events/s",
    "CPU s / million",
    "emulator CPU s / million",
    "put → readable p50 ms",
    "p99 ms",
    "answer p50 ms",
    "memory MB",
    "cold start ms",
    "lines to write",
    "lost in a crash",
)
EXPLANATION = (
    "CPU is user and system of the contestant's own processes, the emulator's beside it. Put → readable is "
    "of single events. Memory is the peak of all its processes. Cold start is from the start of its first "
    "process to the first score. Lost: events without a score after its processes were killed among them and "
    "started again at once, each event sent once."
)


def cells_of(result: Result) -> list[str]:
    """One row, under HEADERS."""
    return [
        result.title,
        f"{result.events_per_second:,.0f}",
        f"{result.cpu:,.0f}",
        f"{result.emulator_cpu:,.0f}",
        f"{result.readable_p50:,.0f}",
        f"{result.readable_p99:,.0f}",
        "–" if result.answer_p50 is None else f"{result.answer_p50:,.0f}",
        f"{result.peak_memory:,.0f}",
        f"{result.cold_start:,.0f}",
        f"{result.lines:,}",
        f"{result.crash_missing:,} of {result.crash_sent:,}",
    ]


def as_json(results: Sequence[Result]) -> str:
    """All that was measured, and on what."""
    machine = {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
        "cores": os.cpu_count(),
    }
    return json.dumps(
        {**machine, "contestants": [asdict(each) for each in results]}, indent=2, ensure_ascii=False
    )


def from_json(text: str) -> list[Result]:
    """The results of `as_json`. Raises ValueError, KeyError or TypeError for anything else."""
    return [Result(**each) for each in json.loads(text)["contestants"]]


def as_markdown(results: Sequence[Result]) -> str:
    """The table of docs/comparison.md."""
    rows = [list(HEADERS), ["---", *["---:"] * (len(HEADERS) - 1)], *map(cells_of, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def show(results: Sequence[Result]) -> None:
    """The table on stdout."""
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for place, header in enumerate(HEADERS):
        table.add_column(header, justify="right" if place else "left")
    for result in results:
        table.add_row(*cells_of(result))
    console.print(table)
    console.print(f"\n{EXPLANATION} Python {platform.python_version()}, {platform.machine()}.")
