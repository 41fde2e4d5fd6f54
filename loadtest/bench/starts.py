"""From the start of a process to its first scored and written batch."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from loadtest.bench.agreement import require_same
from loadtest.bench.arena import LIBRARIES, PROJECT, THREADS, Arena
from loadtest.bench.figure import Figure, least
from loadtest.bench.rounds import Advance, interleave
from loadtest.bench.sandboxes import Contestant, cold_start
from loadtest.bench.subject import FIRST_BATCH, batch_of_records
from loadtest.bench.writes import NAIVE, OURS

FLOOR = "loadtest.bench.cold_floor:handler"
UNIT = "CPU ms"


def start_figures(arena: Arena, rounds: int, advance: Advance) -> list[Figure]:
    """Ours against the floor and against the naive handler as it is deployed.

    Raises ContestantError, DifferentScoresError.
    """
    starters = contestants(arena)
    require_same_writes(arena, starters)
    taken = interleave({name: _timed(starter) for name, starter in starters.items()}, rounds, advance)
    ours, what = taken["ours"], f"cold start, {FIRST_BATCH} events"
    how = "ours from the zip" if arena.unzipped else "ours from the checkout: no zip for this Python"
    kinder = (
        f"{min(ours) / min(taken[name]):.3f} of the {min(taken[name]):.0f} ms it takes with {gift}"
        for name, gift in (
            ("compiled", "valid .pyc files"),
            ("one thread", "these and our variables for one thread a library"),
        )
    )
    return [
        least(
            f"{what} against numpy, onnxruntime, msgspec and session only",
            *(ours, taken["floor"]),
            unit=UNIT,
            target=1.9,
            note=how,
        ),
        least(
            f"{what} against the naive handler, as SAM and Serverless deploy it",
            *(ours, taken["naive"]),
            unit=UNIT,
            target=0.45,
            note="; ".join(kinder),
        ),
    ]


def contestants(arena: Arena) -> dict[str, Contestant]:
    """Ours, the floor, and the naive handler in three ways, by name."""
    event = {"Records": batch_of_records(FIRST_BATCH)}
    compiled = arena.contestant(NAIVE, event, settings={})
    return {
        "ours": arena.contestant(OURS, event, path=arena.task),
        "floor": arena.contestant(FLOOR, {}, path=[*arena.task, PROJECT], settings=THREADS),
        "naive": without_compiled_files(compiled, arena.folder / "compiled"),
        "compiled": compiled,
        "one thread": arena.contestant(NAIVE, event, settings=THREADS),
    }


def without_compiled_files(
    contestant: Contestant, folder: Path, packages: Sequence[Path] = (PROJECT, LIBRARIES)
) -> Contestant:
    """The same where of all it imports only what is outside `packages` comes compiled, and nothing is kept.

    Deployment tools give files a fixed date, and so make every .pyc in the package invalid:
    https://github.com/aws/aws-lambda-builders/issues/924,
    https://github.com/serverless/serverless/issues/13889
    """
    elsewhere = {"PYTHONPYCACHEPREFIX": str(folder)}
    cold_start(replace(contestant, variables={**contestant.variables, **elsewhere}))
    for package in packages:
        shutil.rmtree(folder / package.relative_to("/"), ignore_errors=True)
    kept = {**elsewhere, "PYTHONDONTWRITEBYTECODE": "1"}
    return replace(contestant, variables={**contestant.variables, **kept})


def require_same_writes(arena: Arena, starters: Mapping[str, Contestant]) -> None:
    """Start each once; raises DifferentScoresError where it does not write what ours writes."""
    written = {}
    for name, starter in starters.items():
        arena.take_written()
        cold_start(starter)
        written[name] = arena.take_written()
        if name != "floor":
            require_same(written["ours"], written[name], name)


def _timed(starter: Contestant) -> Callable[[], float]:
    return lambda: cold_start(starter) * 1e3
