"""Raw columns by value: how many customers hold each, and what share of them left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.report.probabilities import wilson
from training.report.raw import RawColumn
from training.report.words import columns, number, percent
from training.wording import printable

DECILES = 10
MAX_LEVELS = 12  # categories shown, the most frequent first; the rest together
FEW_ROWS = 5  # a rarer category may be one person's, so it is never named
MISSING, OTHERS = "missing", "others"

Left: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Level:
    """A category or a bin: its rows, and of those with a label the share that left with its 95 % interval."""

    name: str
    at: float
    rows: int
    rate: float
    low: float
    high: float


def by_decile(numbers: NDArray[np.float64], left: NDArray[np.float64]) -> list[Level]:
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, DECILES + 1)[1:-1], method="inverted_cdf"))
    place = np.searchsorted(edges, numbers, side="right")
    levels = []
    for i in np.unique(place):
        inside = place == i
        ends = number(float(numbers[inside].min())), number(float(numbers[inside].max()))
        name = ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"
        levels.append(_level(name, float(numbers[inside].mean()), left[inside], int(inside.sum())))
    return levels


def _level(name: str, at: float, left: NDArray[np.float64] | None, rows: int) -> Level:
    known = left[~np.isnan(left)] if left is not None else np.empty(0)
    positives = float(known.sum())
    low, high = wilson(positives, len(known))
    return Level(name, at, rows, positives / len(known) if len(known) else float("nan"), low, high)


def by_category(column: RawColumn, left: Left | None) -> list[Level]:
    """The frequent categories by name; rare ones together, as one may be a single person's."""
    counts = Counter(column.values[column.present].tolist())
    named = [text for text, rows in counts.most_common(MAX_LEVELS) if rows >= FEW_ROWS]
    names = np.array([OTHERS] * len(column.values), dtype=object)
    names[~column.present] = MISSING
    for text in named:
        names[column.values == text] = text
    # A category that is itself called "others" is none of the rest.
    shown = [*named, *(rest for rest in (OTHERS, MISSING) if rest not in named and (names == rest).any())]
    return [
        _level(text, 0.0, None if left is None else left[names == text], int((names == text).sum()))
        for text in shown
    ]


def extremes(levels: Sequence[Level]) -> str:
    sized = [level for level in levels if level.rows >= FEW_ROWS and not np.isnan(level.rate)]
    if len(sized) < 2:
        return ""
    ordered = sorted(sized, key=lambda level: level.rate)
    low, high = ordered[0], ordered[-1]
    if high.low <= low.high:
        return "No clear difference in who leaves."
    return (
        f"Left: {percent(high.rate)} at {printable(high.name)}, {percent(low.rate)} at {printable(low.name)}."
    )


def as_table(what: str, levels: Sequence[Level]) -> tuple[tuple[str, ...], ...]:
    if not levels:
        return ()
    if all(np.isnan(level.rate) for level in levels):
        return columns((what, "Customers"), *((printable(e.name), f"{e.rows:,}") for e in levels))
    return columns(
        (what, "Customers", "Left", "95% interval"),
        *(
            (printable(e.name), f"{e.rows:,}", percent(e.rate), f"{percent(e.low)} to {percent(e.high)}")
            for e in levels
        ),
    )
