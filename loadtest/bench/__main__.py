"""`make bench`: the scorer against the ways it is usually written, measured in one run.

Ratios on the same machine in the same minute, because absolute times tell little about another machine.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from loadtest.bench.agreement import DifferentScoresError, items_of
from loadtest.bench.arena import PROJECT, arena
from loadtest.bench.effort import FULL, QUICK, Effort
from loadtest.bench.figure import Figure
from loadtest.bench.kernels import kernel_figures
from loadtest.bench.observability import observability_figure
from loadtest.bench.ours import Kernel
from loadtest.bench.plot import draw
from loadtest.bench.rounds import Advance
from loadtest.bench.sandboxes import ContestantError
from loadtest.bench.show import show
from loadtest.bench.starts import start_figures
from loadtest.bench.subject import Subject, make_subject
from loadtest.bench.writes import handler_figure, write_figures

BUILD = PROJECT / "build"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write bench.json and bench.png; 1 where that was not possible.

    A missed target is told, and no error.
    """
    options = parse(arguments)
    terminal = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    effort = QUICK if options.quick else FULL
    try:
        with Progress(
            *columns, console=terminal, transient=True, disable=not terminal.is_terminal
        ) as progress:
            task = progress.add_task("training", total=effort.rounds)
            subject = make_subject(effort.training_rows, effort.events)
            progress.update(task, description="measuring")
            figures = measure(subject, effort, options.zip, lambda: progress.advance(task))
    except (ContestantError, DifferentScoresError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    report(figures, options.out, as_json=options.json)
    return 0


def report(figures: Sequence[Figure], folder: Path, *, as_json: bool) -> None:
    """The files, and on stdout the table or the JSON."""
    document = json.dumps([asdict(each) for each in figures], indent=2, ensure_ascii=False)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bench.json").write_text(document + "\n")
    (folder / "bench.png").write_bytes(draw(figures))
    if as_json:
        print(document)
    else:
        show(figures)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; ends with one line where they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__)
    parser.add_argument(
        "--zip", type=Path, help="the Lambda zip, for the cold start; without it the checkout's files"
    )
    parser.add_argument(
        "--out", type=Path, default=BUILD, help="folder of bench.json and bench.png (default build/)"
    )
    parser.add_argument("--json", action="store_true", help="print the JSON instead of the table")
    parser.add_argument(
        "--quick", action="store_true", help="few rounds: to see that it works, not to measure"
    )
    options = parser.parse_args(arguments)
    if options.zip and not options.zip.is_file():
        parser.error(f"--zip {options.zip}: no such file; `python -m infra.build` makes one")
    return options


def measure(subject: Subject, effort: Effort, package: Path | None, advance: Advance) -> list[Figure]:
    """All figures, in the order of the table. `advance` is called `effort.rounds` times."""
    items = items_of(Kernel(subject)(subject.records))
    with arena(subject, package) as place:
        return [
            *kernel_figures(subject, effort.kernel, advance),
            *write_figures(place, items, effort.write, advance),
            handler_figure(place, list(subject.records), effort.handler, advance),
            *start_figures(place, effort.start, advance),
            observability_figure(subject.records, effort.observe, advance),
        ]


if __name__ == "__main__":
    sys.exit(main())
