"""How good the model is for each kind of customer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.evaluation.calibration import expected_calibration_error
from training.evaluation.evaluation import Evaluation

MIN_ROWS = 30  # fewer say nothing
MIN_CLASS = 10
MAX_VALUES = 12  # of one column; the rest are too many to look at
BANDS = 4
MISSING = "(missing)"
# A slice is warned of where it is much worse, and chance (2 standard errors) does not explain it.
MUCH_WORSE_AUC = 0.1
MUCH_OFF = 0.05
STANDARD_ERRORS = 2.0


@dataclass(frozen=True, slots=True)
class Slice:
    """Out-of-fold figures of the rows where `column` is `value`. `warning` is empty, or one line.

    Rows are counted once, however many repeats judged them.
    """

    column: str
    value: str
    rows: int
    positives: int
    roc_auc: float | None  # None where a class has fewer than 10 rows
    ece: float
    mean_predicted: float
    share_observed: float
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which slice every row of the table is in; `order` lists the slices as they are shown."""

    column: str
    slices: NDArray[np.object_]
    order: tuple[str, ...]


def make_slices(evaluation: Evaluation, groupings: Sequence[Grouping]) -> list[Slice]:
    """Every slice of every grouping that holds at least 30 rows; a row's score is its mean over repeats."""
    rows, labels, scored = _mean_over_repeats(evaluation)
    overall = float(roc_auc_score(labels, scored))
    found = []
    for grouping in groupings:
        column = grouping.slices[rows]
        for value in grouping.order:
            inside = column == value
            if inside.sum() >= MIN_ROWS:
                found.append(_slice(grouping.column, value, labels[inside], scored[inside], overall))
    return found


def group_by(table: Table, schema: FeatureSchema, columns: Sequence[str]) -> list[Grouping]:
    """How columns of the table divide it: numbers in four bands of equal size, other columns by value."""
    numeric = {feature.name for feature in schema.numeric}
    return [
        _bands(name, table.inputs[name][:, 0]) if name in numeric else _values(name, _texts(table, name))
        for name in columns
    ]


def default_columns(schema: FeatureSchema) -> tuple[str, ...]:
    """The schema's `x-slices`; without it, its first number and its first three short lists of categories."""
    if schema.slices:
        return schema.slices
    short = [f.name for f in schema.categorical if len(f.enum) <= MAX_VALUES]
    return tuple([f.name for f in schema.numeric][:1] + short[:3])


def _texts(table: Table, name: str) -> NDArray[np.object_]:
    column = table.inputs[name][:, 0] if name in table.inputs else table.extras[name]
    return np.array([text or MISSING for text in column.tolist()], dtype=object)


def _values(name: str, texts: NDArray[np.object_]) -> Grouping:
    """The most frequent values first."""
    counted = Counter(texts.tolist()).most_common(MAX_VALUES)
    return Grouping(name, texts, tuple(text for text, _ in counted))


def _bands(name: str, numbers: NDArray[np.float32]) -> Grouping:
    present = numbers[~np.isnan(numbers)]
    if not len(present):
        return Grouping(name, np.full(len(numbers), MISSING, dtype=object), (MISSING,))
    shares = np.linspace(0, 1, BANDS + 1)
    edges = np.unique(np.quantile(present, shares, method="inverted_cdf"))
    inner = edges[1:-1]
    order = _band_names(inner) if len(inner) else [f"{edges[0]:g} to {edges[-1]:g}"]
    names = np.array([*order, MISSING], dtype=object)
    position = np.where(np.isnan(numbers), len(order), np.searchsorted(inner, numbers, side="right"))
    return Grouping(name, names[position], tuple(names.tolist()))


def _band_names(edges: NDArray[np.float32]) -> list[str]:
    between = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return [f"below {edges[0]:g}", *between, f"{edges[-1]:g} and more"]


def _mean_over_repeats(
    evaluation: Evaluation,
) -> tuple[NDArray[np.int64], NDArray[np.int8], NDArray[np.float64]]:
    tests = np.concatenate(evaluation.tests)
    labels, scored = evaluation.pooled()
    rows, first, inverse = np.unique(tests, return_index=True, return_inverse=True)
    mean = np.bincount(inverse, weights=scored) / np.bincount(inverse)
    return rows, labels[first], mean


def _slice(
    name: str, value: str, labels: NDArray[np.int8], scored: NDArray[np.float64], overall: float
) -> Slice:
    rows, positives = len(labels), int(labels.sum())
    enough = min(positives, rows - positives) >= MIN_CLASS
    auc = float(roc_auc_score(labels, scored)) if enough else None
    predicted, observed = float(scored.mean()), float(labels.mean())
    return Slice(
        column=name,
        value=value,
        rows=rows,
        positives=positives,
        roc_auc=auc,
        ece=expected_calibration_error(labels, scored),
        mean_predicted=predicted,
        share_observed=observed,
        warning=_warning(f"{name} {value}", rows, positives, auc, predicted, overall),
    )


def _warning(
    what: str, rows: int, positives: int, auc: float | None, predicted: float, overall: float
) -> str:
    if auc is not None:
        error = auc_standard_error(auc, positives, rows - positives)
        if overall - auc > MUCH_WORSE_AUC and overall - auc > STANDARD_ERRORS * error:
            return (
                f"{what}: ROC AUC {auc:.3f} against {overall:.3f} for all; the order of risk among these "
                f"{rows:,} customers is much less certain"
            )
    observed = positives / rows
    error = math.sqrt(max(observed * (1 - observed), 1 / rows) / rows)
    if abs(predicted - observed) > max(MUCH_OFF, STANDARD_ERRORS * error):
        more = "more" if observed > predicted else "fewer"
        return (
            f"{what}: {observed:.1%} left where {predicted:.1%} was predicted; {more} of these "
            f"{rows:,} customers leave than the score says"
        )
    return ""


def auc_standard_error(auc: float, positives: int, negatives: int) -> float:
    """Hanley & McNeil 1982, https://doi.org/10.1148/radiology.143.1.7063747"""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = (auc * (1 - auc) + (positives - 1) * (q1 - auc**2) + (negatives - 1) * (q2 - auc**2)) / (
        positives * negatives
    )
    return math.sqrt(max(spread, 0.0))
