"""`make compare`: this system against what people run today, on an embedded AWS of its own.

The same events through each, with the same model into a table of the same kind; the scores must agree before
anything counts. docs/comparison.md tells how it is measured.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.errors import INTERRUPTED
from cli.interrupts import stops_cleanly
from cli.known_errors import explain

if TYPE_CHECKING:
    from infra.local.state import LocalStage
    from loadtest.compare.effort import Effort
    from loadtest.compare.ground import Ground
    from loadtest.compare.result import Result


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print a table, write compare.json and compare.png; 1 where that was not possible."""
    options = parse(arguments)
    try:
        with stops_cleanly():
            results = read(options.earlier) if options.earlier else measure(options)
    except KeyboardInterrupt:
        say("stopped; nothing was written")
        return INTERRUPTED
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        say(f"not compared: {known[0]}")
        return known[1]
    report(results, options)
    return 0


def measure(options: argparse.Namespace) -> list[Result]:
    """Everything, on an embedded AWS that is up for as long as this takes."""
    from infra.local.stage import local_stage
    from loadtest.compare.contest import compare, train_model

    effort = effort_of(options)
    say(f"training on {effort.training_rows:,} customers")
    trained = train_model(effort.training_rows)
    with tempfile.TemporaryDirectory(prefix="compare-") as temporary:
        folder = Path(temporary)
        say("starting an embedded AWS of its own")
        with local_stage(folder / "local") as stage:
            ground = ground_of(stage, options.python, folder / "contestants")
            return compare(ground, trained, effort, options.only, say)


def read(file: Path) -> list[Result]:
    """What an earlier run measured. Raises ComparisonError where the file is not of one."""
    from loadtest.compare.errors import ComparisonError
    from loadtest.compare.show import from_json

    try:
        return from_json(file.read_text())
    except (ValueError, KeyError, TypeError):
        raise ComparisonError(f"{file} is no compare.json of this version: measure again") from None


def say(text: str) -> None:
    """One line of progress."""
    print(text, file=sys.stderr, flush=True)


def ground_of(stage: LocalStage, python: Path, folder: Path) -> Ground:
    """The local stage as the comparison sees it."""
    from infra.local.client_settings import clean_environment, isolated_session
    from loadtest.compare.ground import Ground

    session, arguments = isolated_session(), stage.client_arguments()

    def client(service: str) -> Any:
        return session.client(service, **arguments)  # type: ignore[call-overload]

    return Ground(
        client=client,
        endpoint_url=stage.endpoint_url,
        environment=clean_environment(os.environ, stage.endpoint_url),
        emulator=stage.pids["ministack"],
        event_source=stage.pids["companions"],
        stream=stage.stream,
        table=stage.table,
        bucket=stage.bucket,
        function=stage.function,
        python=python,
        folder=folder,
    )


def report(results: Sequence[Result], options: argparse.Namespace) -> None:
    """The files, and on stdout the table, the JSON or the Markdown."""
    from loadtest.compare.plot import draw
    from loadtest.compare.show import as_json, as_markdown, show

    document = as_json(results)
    folder: Path = options.out
    folder.mkdir(parents=True, exist_ok=True)
    if not options.earlier:
        (folder / "compare.json").write_text(document + "\n")
    (folder / "compare.png").write_bytes(draw(results))
    if options.json:
        print(document)
    elif options.markdown:
        print(as_markdown(results))
    else:
        show(results)


def effort_of(options: argparse.Namespace) -> Effort:
    """What the options ask for."""
    from loadtest.compare.effort import FULL, QUICK

    effort = QUICK if options.quick else FULL
    return effort if options.events is None else replace(effort, events=options.events)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options; ends with one line where they make no sense."""
    from loadtest.compare.contest import CONTESTANTS

    parser = option_parser(", ".join(CONTESTANTS))
    options = parser.parse_args(arguments)
    options.only = options.only.split(",") if options.only else list(CONTESTANTS)
    if unknown := [name for name in options.only if name not in CONTESTANTS]:
        parser.error(f"--only {', '.join(unknown)}: there are {', '.join(CONTESTANTS)}")
    if options.events is not None and options.events < 1:
        parser.error(f"--events {options.events}: expected at least 1")
    if options.earlier and not options.earlier.is_file():
        parser.error(f"--from {options.earlier}: no such file; `make compare` writes build/compare.json")
    if not options.earlier and not options.python.exists():
        parser.error(f"--python {options.python}: no such file; `make compare` sets it up")
    return options


def option_parser(names: str) -> argparse.ArgumentParser:
    """What may be asked for; `names` are those of the contestants."""
    from infra.paths import BUILD

    parser = argparse.ArgumentParser(prog="python -m cli.comparison", description=__doc__)
    add = parser.add_argument
    add("--events", type=int, help="how many events the burst has (default 10,000)")
    add("--only", help=f"some of {names}, with commas between them (default all)")
    add("--json", action="store_true", help="print the JSON instead of the table")
    add("--markdown", action="store_true", help="print the table of docs/comparison.md")
    add("--quick", action="store_true", help="few events: to see that it works, not to measure")
    add("--from", type=Path, dest="earlier", metavar="FILE", help="print and draw an earlier run again")
    add("--out", type=Path, default=BUILD, help="folder of compare.json and compare.png (default build/)")
    add(
        "--python",
        type=Path,
        default=BUILD / "compare-venv" / "bin" / "python",
        help="interpreter with the peers' libraries (default the one that `make compare` sets up)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
