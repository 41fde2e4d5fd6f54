"""What a model remembers of its training data: fingerprints, and a histogram per feature for drift."""

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


def row_fingerprints(table: Table, schema: FeatureSchema) -> NDArray[np.uint64]:
    """64 bits per row, shape (n,): equal where features and label are, whoever the customer is.

    The same on every machine and in every version of Python; the order of features plays no part. Two
    different rows share a fingerprint with a chance of 2**-64.
    """
    total = _mixed(table.labels.astype(np.uint64) + _digest("label"))
    for feature in schema.features:
        column, salt = table.inputs[feature.name][:, 0], _digest(f"feature {feature.name}")
        if feature.is_categorical:
            digests = {text: _digest(text) for text in set(column.tolist())}
            bits = np.array([digests[text] for text in column.tolist()], dtype=np.uint64)
        else:
            # Adding 0 makes -0 the same as 0, and missing is missing, whatever its bits.
            number = np.where(np.isnan(column), np.float32(np.nan), column + np.float32(0))
            bits = number.astype(np.float32).view(np.uint32).astype(np.uint64)
        total += _mixed(bits ^ salt)
    return _mixed(total)


def _digest(text: str) -> np.uint64:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def _mixed(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Every bit of the result depends on every bit given: the finaliser of SplitMix64.

    Steele, Lea & Flood 2014, https://doi.org/10.1145/2660193.2660195
    """
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


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
