"""500 items into DynamoDB, and the whole handler from event to answer: in sandboxes, against a stub."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from loadtest.bench.agreement import Item, probabilities_of, require_same
from loadtest.bench.arena import Arena
from loadtest.bench.figure import Figure, least, median
from loadtest.bench.rounds import Advance, interleave
from loadtest.bench.sandboxes import Contestant, Taken, sandbox
from loadtest.bench.subject import Record
from loadtest.peers.items import TABLE

OURS = "scorer.handler:handler"
NAIVE = "loadtest.peers.naive_handler:handler"
STRETCH = 0.15


def write_figures(arena: Arena, items: Sequence[Item], rounds: int, advance: Advance) -> list[Figure]:
    """CPU next to the stub, wall clock a network away. Raises ContestantError, DifferentScoresError."""
    event = {"table": TABLE, "items": items}
    near, far = (
        _race(
            arena,
            {
                "ours": arena.contestant("loadtest.bench.ours_writer:handler", event, distant=distant),
                "peer": arena.contestant("loadtest.peers.boto3_client:handler", event, distant=distant),
            },
            probabilities_of(items),
            rounds,
            advance,
        )
        for distant in (False, True)
    )
    cpu = {name: [taken.cpu / len(items) * 1e6 for taken in found] for name, found in near.items()}
    wall = {name: [taken.wall * 1e3 for taken in found] for name, found in far.items()}
    reached = "reached" if min(cpu["ours"]) / min(cpu["peer"]) <= STRETCH else "not reached"
    return [
        least(
            f"DynamoDB write, {len(items)} items against boto3 client",
            *(cpu["ours"], cpu["peer"]),
            unit="CPU µs/item",
            target=0.25,
            note=f"the stretch, {STRETCH}, is {reached}",
        ),
        median(
            f"DynamoDB write, {len(items)} items at 6 ms against boto3 client, one request after the other",
            *(wall["ours"], wall["peer"]),
            unit="wall ms",
            target=0.25,
        ),
    ]


def handler_figure(arena: Arena, records: list[Record], rounds: int, advance: Advance) -> Figure:
    """The deployed handler against the naive one, 6 ms from DynamoDB.

    Raises ContestantError, DifferentScoresError.
    """
    event = {"Records": records}
    taken = _race(
        arena,
        {
            "peer": arena.contestant(NAIVE, event, distant=True, settings={}),
            "ours": arena.contestant(OURS, event, distant=True, path=arena.task),
        },
        None,
        rounds,
        advance,
    )
    wall = {name: statistics.median(each.wall for each in found) for name, found in taken.items()}
    return least(
        f"handler, {len(records)} events, writes at 6 ms against BatchProcessor, boto3 resource, one by one",
        *([each.cpu * 1e3 for each in taken[name]] for name in ("ours", "peer")),
        unit="CPU ms",
        target=0.05,
        note=f"wall clock {wall['ours'] * 1e3:.0f} ms and {wall['peer'] * 1e3:.0f} ms: "
        f"{wall['ours'] / wall['peer']:.4f}",
    )


def _race(
    arena: Arena,
    contestants: Mapping[str, Contestant],
    expected: Mapping[str, str] | None,
    rounds: int,
    advance: Advance,
) -> dict[str, list[Taken]]:
    """What each took; each must have written what is expected, else what the first of them wrote."""
    with ExitStack() as stack:
        boxes = {}
        for name, contestant in contestants.items():
            arena.take_written()
            boxes[name] = stack.enter_context(sandbox(contestant))
            written = arena.take_written()
            expected = written if expected is None else expected
            require_same(expected, written, contestant.entry)
        return interleave({name: box.invoke for name, box in boxes.items()}, rounds, advance)
