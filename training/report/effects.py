"""What each feature does to the score, read off the exported graph's own contributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from contract.feature import Feature
from contract.graph import CONTRIBUTIONS
from contract.inputs import MISSING_CATEGORY, Inputs
from contract.schema import FeatureSchema
from training.export.graph import Graph

MAX_ROWS = 20_000  # averages over more rows look the same
ROWS_PER_RUN = 5_000
MAX_CATEGORIES = 12  # shown of one feature, the most frequent first
BINS = 20
MAX_STEPS = 60  # of one line, drawn as they are
SAME = 1e-5  # log-odds; float32 sums of a model in which a feature acts alone differ by less

Numbers: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Level:
    """A category, or missing numbers: its mean contribution, the middle 80 % of them, and how many rows."""

    value: str
    mean: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True, slots=True)
class Effect:
    """One feature's contributions in log-odds, against the average customer.

    `importance` is the mean absolute contribution. `exact` says that equal values always contribute equally,
    as in a linear model; else `low` and `high` hold the middle 80 %. Numbers have a line over `values`, and a
    level for the missing ones; categories have levels only.
    """

    feature: Feature
    importance: float
    exact: bool
    values: Numbers
    mean: Numbers
    low: Numbers
    high: Numbers
    levels: tuple[Level, ...]


def measure_effects(onnx: bytes, schema: FeatureSchema, inputs: Inputs) -> list[Effect]:
    """Every feature's effect, the most important first; of a large table evenly spread rows are used."""
    rows = len(next(iter(inputs.values())))
    picked = np.unique(np.linspace(0, rows - 1, min(rows, MAX_ROWS)).astype(np.int64))
    probe = {name: column[picked] for name, column in inputs.items()}
    parts = _contributions(Graph(onnx, schema), probe)
    effects = [
        _effect(feature, probe[feature.name][:, 0], parts[:, i]) for i, feature in enumerate(schema.features)
    ]
    return sorted(effects, key=lambda effect: -effect.importance)


def _contributions(graph: Graph, inputs: Inputs) -> Numbers:
    rows = len(next(iter(inputs.values())))
    parts = [
        graph.run({name: column[start : start + ROWS_PER_RUN] for name, column in inputs.items()})
        for start in range(0, rows, ROWS_PER_RUN)
    ]
    return np.concatenate([part[CONTRIBUTIONS] for part in parts]).astype(np.float64)


def _effect(feature: Feature, values: NDArray[np.object_], parts: Numbers) -> Effect:
    importance = float(np.abs(parts).mean())
    if feature.is_categorical:
        levels = _categories(values, parts)
        exact = all(level.high - level.low < SAME for level in levels)
        none = np.empty(0)
        return Effect(feature, importance, exact, none, none, none, none, levels)
    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    levels = (_level("missing", parts[missing]),) if missing.any() else ()
    exact, line = _line(numbers[~missing], parts[~missing])
    return Effect(feature, importance, exact, *line, levels)


def _categories(values: NDArray[np.object_], parts: Numbers) -> tuple[Level, ...]:
    distinct, position, count = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    frequent = np.argsort(-count, kind="stable")[:MAX_CATEGORIES]
    levels = [
        _level("missing" if distinct[i] == MISSING_CATEGORY else str(distinct[i]), parts[position == i])
        for i in frequent
    ]
    return tuple(sorted(levels, key=lambda level: -level.mean))


def _level(value: str, parts: Numbers) -> Level:
    low, high = np.quantile(parts, (0.1, 0.9))
    return Level(value, float(parts.mean()), float(low), float(high), len(parts))


def _line(numbers: Numbers, parts: Numbers) -> tuple[bool, tuple[Numbers, Numbers, Numbers, Numbers]]:
    """Whether equal numbers contribute equally, and (values, mean, low, high) in ascending order."""
    if not len(numbers):
        none = np.empty(0)
        return True, (none, none, none, none)
    distinct, position = np.unique(numbers, return_inverse=True)
    order = np.argsort(position, kind="stable")
    ends = np.flatnonzero(np.r_[True, np.diff(position[order]) > 0])
    sorted_parts = parts[order]
    spread = np.maximum.reduceat(sorted_parts, ends) - np.minimum.reduceat(sorted_parts, ends)
    if float(spread.max()) < SAME:
        mean = np.add.reduceat(sorted_parts, ends) / np.diff(np.r_[ends, len(parts)])
        shown = _worth_showing(mean)
        return True, (distinct[shown], mean[shown], mean[shown], mean[shown])
    return False, _binned(numbers, parts)


def _worth_showing(mean: Numbers) -> NDArray[np.int64]:
    """Positions that a line can be drawn through: around the largest changes, and evenly spread."""
    change = np.abs(np.diff(mean))
    steps = np.argsort(-change, kind="stable")[:MAX_STEPS]
    steps = steps[change[steps] > SAME]
    spread = np.linspace(0, len(mean) - 1, MAX_STEPS).astype(np.int64)
    return np.unique(
        np.concatenate([steps, steps + 1, spread if len(steps) == MAX_STEPS else [0, len(mean) - 1]])
    )


def _binned(numbers: Numbers, parts: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    edges = np.unique(np.quantile(numbers, np.linspace(0, 1, BINS + 1)))
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, max(len(edges) - 2, 0))
    bins: Sequence[NDArray[np.bool_]] = [place == i for i in np.unique(place)]
    columns = [(numbers[b].mean(), parts[b].mean(), *np.quantile(parts[b], (0.1, 0.9))) for b in bins]
    values, mean, low, high = np.array(columns, dtype=np.float64).T
    return values, mean, low, high
