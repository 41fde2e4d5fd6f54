"""Gates: what was measured against what was promised. A gate that cannot be measured is not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from loadtest.measured import Measured


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that can be promised, with the way it is measured."""

    name: str
    unit: str
    bound: Literal["at least", "at most"]
    how: str


KINDS: dict[str, Kind] = {
    "min_events_per_second": Kind(
        "events per second",
        "events/s",
        "at least",
        "events that the stream took, over the time from the first put to the last score in the table",
    ),
    "max_p95_ms": Kind(
        "put to readable, p95",
        "ms",
        "at most",
        "end-to-end probes: from before the put until the first read that finds the score",
    ),
    "max_p99_ms": Kind("put to readable, p99", "ms", "at most", "the same probes"),
    "max_read_p95_ms": Kind(
        "latest score, p95", "ms", "at most", "one Query for a random customer's newest score, at the client"
    ),
    "max_missing": Kind(
        "missing",
        "events",
        "at most",
        "published events that are neither in the table, nor older than their customer's newest item, "
        "nor among the rejected",
    ),
    "max_rejected": Kind("rejected", "events", "at most", "valid events that were rejected or given up on"),
    "max_refused": Kind(
        "failed puts", "requests", "at most", "PutRecords that failed or of which the stream refused a record"
    ),
    "max_iterator_age_ms": Kind(
        "iterator age",
        "ms",
        "at most",
        "CloudWatch AWS/Lambda IteratorAge, maximum of the run: the age of a batch's last record when sent",
    ),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One gate, judged."""

    kind: Kind
    measured: float | None
    limit: float
    met: bool


def judge(measured: Measured, limits: Mapping[str, float]) -> list[Verdict]:
    """A verdict for each limit that was given, in the order of KINDS."""
    found = measured.by_gate()
    return [_judge(KINDS[name], found[name], limits[name]) for name in KINDS if name in limits]


def _judge(kind: Kind, measured: float | None, limit: float) -> Verdict:
    if measured is None:
        return Verdict(kind, None, limit, met=False)
    met = measured >= limit if kind.bound == "at least" else measured <= limit
    return Verdict(kind, measured, limit, met)
