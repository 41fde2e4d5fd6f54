"""How strongly two columns go together, on scales that can be compared: 0 for not at all, 1 for entirely."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.report.raw import RawColumn
from training.report.raw_label import Label

Codes: TypeAlias = NDArray[np.int64]

QUANTILE_BINS = 20
FEWEST_ROWS = 3  # that two columns must share


@dataclass(frozen=True, slots=True)
class Coded:
    """A column prepared to be compared with many others: every row's level, -1 where missing.

    Categories by name, numbers in bins of equal size.
    """

    column: RawColumn
    codes: Codes
    present: NDArray[np.bool_]


def code(column: RawColumn) -> Coded:
    """Prepare a column; texts are compared once, here."""
    codes = np.full(len(column.values), -1, dtype=np.int64)
    present = column.present
    if column.kind == "number":
        numbers = column.values[present].astype(np.float64)
        if len(numbers):
            edges = np.unique(np.quantile(numbers, np.linspace(0, 1, QUANTILE_BINS + 1)[1:-1]))
            codes[present] = np.searchsorted(edges, numbers, side="right")
    else:
        codes[present], _ = pd.factorize(column.values[present])
    return Coded(column, codes, present)


def single_feature_auc(coded: Coded, label: Label) -> float:
    """The ROC AUC of one column alone, at least 0.5 but for chance.

    Each half of the rows is scored by the churn rates of the other's levels, so that a column of many rare
    categories cannot look good by memory alone. A missing value is a level. Numbers count by their
    order too.
    """
    from sklearn.metrics import roc_auc_score

    known = ~np.isnan(label.values)
    left, codes = label.values[known].astype(np.int8), coded.codes[known] + 1
    if left.min(initial=1) == left.max(initial=0):
        return 0.5
    auc = float(roc_auc_score(left, _cross_fitted_rates(codes, left)))
    if coded.column.kind != "number":
        return auc
    numbers, present = coded.column.values[known], coded.present[known]
    if not present.any():
        return auc
    ordered = float(roc_auc_score(left, np.where(present, numbers, np.nanmedian(numbers))))
    return max(auc, ordered, 1 - ordered)


def _cross_fitted_rates(codes: Codes, left: NDArray[np.int8]) -> NDArray[np.float64]:
    half = np.arange(len(codes)) % 2
    levels = int(codes.max(initial=0)) + 1
    scores = np.empty(len(codes))
    for side in (0, 1):
        learn, judge = half != side, half == side
        count = np.bincount(codes[learn], minlength=levels)
        found = np.bincount(codes[learn], weights=left[learn], minlength=levels)
        overall = float(left[learn].mean())
        # One row's weight of the overall rate keeps levels that hold few rows in the middle.
        scores[judge] = ((found + overall) / (count + 1))[codes[judge]]
    return scores


def association(one: Coded, other: Coded) -> float:
    """Spearman's rank correlation of two numbers (signed), bias-corrected Cramér's V of two categories,
    the correlation ratio of a category and a number. Over the rows that hold both; NaN where it has no
    meaning."""
    both = one.present & other.present
    if both.sum() < FEWEST_ROWS:
        return math.nan
    numbers = [each.column.kind == "number" for each in (one, other)]
    if all(numbers):
        return _spearman(one.column.values[both], other.column.values[both])
    if not any(numbers):
        return _cramers_v(one.codes[both], other.codes[both])
    number, category = (one, other) if numbers[0] else (other, one)
    return _correlation_ratio(number.column.values[both].astype(np.float64), category.codes[both])


def _spearman(one: NDArray[Any], other: NDArray[Any]) -> float:
    from scipy.stats import rankdata

    ranks = rankdata(one), rankdata(other)
    if min(float(np.ptp(rank)) for rank in ranks) == 0:
        return math.nan
    return float(np.corrcoef(*ranks)[0, 1])


def _cramers_v(one: Codes, other: Codes) -> float:
    """Bergsma 2013, https://doi.org/10.1016/j.jkss.2012.10.002"""
    width = int(other.max()) + 1
    cells = np.bincount(one * width + other, minlength=(int(one.max()) + 1) * width)
    table = cells.reshape(-1, width).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if min(rows, columns) < 2:
        return math.nan
    n = table.sum()
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / n
    phi = max(
        0.0, float(((table - expected) ** 2 / expected).sum() / n) - (rows - 1) * (columns - 1) / (n - 1)
    )
    smaller = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return min(1.0, math.sqrt(phi / smaller)) if smaller > 0 else math.nan


def _correlation_ratio(numbers: NDArray[np.float64], codes: Codes) -> float:
    """The square root of the share of variance that lies between categories (Pearson's eta)."""
    total = float(((numbers - numbers.mean()) ** 2).sum())
    if total == 0 or codes.min() == codes.max():
        return math.nan
    count = np.bincount(codes)
    used = count > 0
    means = np.bincount(codes, weights=numbers)[used] / count[used]
    return math.sqrt(min(1.0, float((count[used] * (means - numbers.mean()) ** 2).sum()) / total))
