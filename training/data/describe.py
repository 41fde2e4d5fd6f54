"""What a model remembers of its training data: a fingerprint, and a histogram per feature for drift."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.inputs import MISSING_CATEGORY
from contract.manifest import Histogram, TrainingData
from contract.schema import FeatureSchema
from training.data.dataset import Table

BASELINE_BINS = 10


def describe(table: Table, schema: FeatureSchema) -> TrainingData:
    """Size and fingerprint of the rows a model was fitted on; the order of rows counts."""
    digest = hashlib.sha256(table.labels.astype(np.int8).tobytes())
    for feature in schema.features:
        column = table.inputs[feature.name][:, 0]
        digest.update(feature.name.encode() + b"\x00")
        if feature.is_categorical:
            digest.update("\x00".join(column.tolist()).encode())
        else:
            digest.update(np.ascontiguousarray(column, dtype="<f4").tobytes())
    positives = int(table.labels.sum())
    return TrainingData(rows=table.rows, positives=positives, sha256=digest.hexdigest(), source=table.source)


def baseline(table: Table, schema: FeatureSchema) -> dict[str, Histogram]:
    """How every feature was distributed: deciles for numbers, counts for categories."""
    return {
        feature.name: (_of_categories if feature.is_categorical else _of_numbers)(
            table.inputs[feature.name][:, 0]
        )
        for feature in schema.features
    }


def _of_categories(column: NDArray[Any]) -> Histogram:
    counts = Counter(column.tolist())
    missing = counts.pop(MISSING_CATEGORY, 0)
    categories = sorted(counts)
    return Histogram(counts=[counts[c] for c in categories], missing=missing, categories=categories)


def _of_numbers(column: NDArray[np.float32]) -> Histogram:
    present = column[~np.isnan(column)].astype(np.float64)
    missing = len(column) - len(present)
    if not len(present):
        return Histogram(counts=[], missing=missing)
    shares = np.linspace(0, 1, BASELINE_BINS + 1)
    edges = np.unique(np.quantile(present, shares, method="inverted_cdf"))
    if len(edges) == 1:
        edges = np.repeat(edges, 2)
    # Like numpy's own: every bin is half open, and the last one closed.
    positions = np.clip(np.searchsorted(edges, present, side="right") - 1, 0, len(edges) - 2)
    counts = np.bincount(positions, minlength=len(edges) - 1)
    return Histogram(counts=counts.tolist(), missing=missing, edges=edges.tolist())
