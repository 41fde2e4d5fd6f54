"""One line of the result."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SIGNIFICANT_DIGITS = 4
Statistic = Callable[[Sequence[float]], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One comparison: `ours` and `peer` are in `unit`, `ratio` is ours ÷ peer, `met` says ratio ≤ target.

    `statistic` says which of the rounds stand for all. `by_round` is the median of the single rounds' ratios:
    where it lies far from `ratio`, the machine was busy with something else. `note` says what else was seen.
    """

    name: str
    ours: float
    peer: float
    unit: str
    ratio: float
    target: float
    met: bool
    statistic: str
    by_round: float
    note: str = ""


def least(
    name: str, ours: Sequence[float], peer: Sequence[float], *, unit: str, target: float, note: str = ""
) -> Figure:
    """A comparison of CPU time by the quickest round of each: what the work takes undisturbed."""
    return _figure(name, ours, peer, unit, target, f"least of {len(ours)} rounds", min, note)


def median(
    name: str, ours: Sequence[float], peer: Sequence[float], *, unit: str, target: float, note: str = ""
) -> Figure:
    """A comparison of wall clock by the median round: waiting has no floor that luck could not undercut."""
    return _figure(name, ours, peer, unit, target, f"median of {len(ours)} rounds", statistics.median, note)


def _figure(
    name: str,
    ours: Sequence[float],
    peer: Sequence[float],
    unit: str,
    target: float,
    statistic: str,
    choose: Statistic,
    note: str,
) -> Figure:
    ratio = choose(ours) / choose(peer)
    return Figure(
        name=name,
        ours=significant(choose(ours)),
        peer=significant(choose(peer)),
        unit=unit,
        ratio=significant(ratio),
        target=target,
        met=ratio <= target,
        statistic=statistic,
        by_round=significant(statistics.median(o / p for o, p in zip(ours, peer, strict=True))),
        note=note,
    )


def significant(value: float) -> float:
    """Rounded to four significant digits: more are noise."""
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
