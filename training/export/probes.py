"""Rows on which two implementations of one model are likeliest to disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.feature import FLOAT32_MAX, Feature
from contract.inputs import MISSING_CATEGORY, Inputs
from contract.schema import FeatureSchema

BASE_ROWS = 8  # real customers that each probed value is put into
MAX_THRESHOLDS = 256  # probed one by one, per feature; fuzz rows draw from all of them
UNSEEN = ("never seen", "Ünseen ✓ 客户", "0.0", "NaN", "None", "\x00")

Thresholds = Mapping[str, NDArray[np.float32]]


def base_rows(inputs: Inputs, schema: FeatureSchema, seed: int) -> Inputs:
    """BASE_ROWS rows of the data, drawn by `seed`: what edge_probes puts its values into."""
    random = np.random.default_rng(seed)
    rows = random.integers(0, len(inputs[schema.feature_names[0]]), size=BASE_ROWS)
    return {name: array[rows] for name, array in inputs.items()}


def edge_probes(inputs: Inputs, schema: FeatureSchema, thresholds: Thresholds, seed: int) -> Iterator[Inputs]:
    """Per feature: real rows with every value around a threshold, every extreme, every kind of stranger.

    Row i differs from base row i % BASE_ROWS in that feature alone.
    """
    base = base_rows(inputs, schema, seed)
    few = {name: _spread_out(edges) for name, edges in thresholds.items()}
    for feature in schema.features:
        values = _probed_values(feature, inputs[feature.name], few)
        probe = {name: np.tile(array, (len(values), 1)) for name, array in base.items()}
        probe[feature.name] = np.repeat(values, BASE_ROWS).reshape(-1, 1)
        yield probe


def fuzz_probes(
    inputs: Inputs, schema: FeatureSchema, thresholds: Thresholds, seed: int, count: int
) -> Inputs:
    """`count` rows whose features are drawn independently: from the data, its range, edges and strangers."""
    random = np.random.default_rng(seed)
    return {
        feature.name: _drawn(feature, inputs[feature.name], thresholds, random, count).reshape(-1, 1)
        for feature in schema.features
    }


def _spread_out(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most MAX_THRESHOLDS of them, evenly by rank: a forest has thousands."""
    if len(edges) <= MAX_THRESHOLDS:
        return edges
    return np.sort(edges)[np.linspace(0, len(edges) - 1, MAX_THRESHOLDS).astype(np.int64)]


def _probed_values(feature: Feature, column: NDArray[Any], thresholds: Thresholds) -> NDArray[Any]:
    if feature.is_categorical:
        return _categories(feature, column)
    return _numbers(feature, thresholds.get(feature.name, np.empty(0, np.float32)))


def _numbers(feature: Feature, edges: NDArray[np.float32]) -> NDArray[np.float32]:
    """Thresholds and their float32 neighbours, the ends of the allowed range, zeros, and missing."""
    low, high = np.float32(feature.minimum), np.float32(feature.maximum)
    around = np.concatenate([_before(edges), edges, _after(edges)])
    extremes = np.array([low, high, 0.0, -0.0, 1.0, -1.0, FLOAT32_MAX, -FLOAT32_MAX, 1e-45], np.float32)
    values = np.concatenate([around, extremes])
    allowed = values[(values >= low) & (values <= high)]
    return allowed if feature.required else np.append(allowed, np.float32(np.nan))


def _before(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.nextafter(edges, np.float32(-FLOAT32_MAX))


def _after(edges: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.nextafter(edges, np.float32(FLOAT32_MAX))


def _categories(feature: Feature, column: NDArray[Any]) -> NDArray[Any]:
    """Everything seen or listed, near misses of it, and strangers."""
    known = sorted({*column[:, 0].tolist(), *feature.enum} - {MISSING_CATEGORY})
    near: Sequence[str] = [text for k in known for text in (k + " ", k.upper(), k.lower(), k + "\x00")]
    values = dict.fromkeys([*known, *near, *UNSEEN, *([] if feature.required else [MISSING_CATEGORY])])
    return np.array(list(values), dtype=object)


def _drawn(
    feature: Feature,
    column: NDArray[Any],
    thresholds: Thresholds,
    random: np.random.Generator,
    count: int,
) -> NDArray[Any]:
    drawn = column[random.integers(0, len(column), size=count), 0]
    probed = _probed_values(feature, column, thresholds)
    kind = random.random(count)
    drawn = np.where(kind < 0.3, probed[random.integers(0, len(probed), size=count)], drawn)
    if feature.is_categorical or np.isnan(column).all():
        return drawn
    low, high = float(np.nanmin(column)), float(np.nanmax(column))
    uniform = low + random.random(count) * (high - low)
    return np.where(kind > 0.7, uniform.astype(np.float32), drawn)
