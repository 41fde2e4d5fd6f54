"""What a careful person would notice in one column of features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from contract.feature import Feature
from contract.inputs import MISSING_CATEGORY
from training.data.times import are_dates
from training.wording import NAMES_SHOWN, counted, quoted

LEAK = "leak"  # the check that promotion looks at
MANY_MISSING = 0.5  # share of rows
# One feature that separates the classes this well was almost certainly written down after the fact.
LEAK_ROC_AUC = 0.98
RATE_FOLDS = 5  # a category's churn rate comes from other rows than those it is given to
ID_LIKE = 0.5  # distinct values per row; a category of customers has far fewer
FEW = 30  # rows; among fewer, different values everywhere mean nothing


class Remark(NamedTuple):
    """What was noticed of a feature, and what to do about it; see training.data.quality.Finding."""

    check: str
    text: str
    strict: bool = True


@dataclass(frozen=True, slots=True)
class _Column:
    """A feature's values by code: `distinct` sorted, `codes` per row, -1 where missing."""

    feature: Feature
    distinct: list[Any]
    codes: NDArray[np.int64]
    labels: NDArray[np.int8]

    @property
    def rows(self) -> int:
        return len(self.codes)

    @property
    def present(self) -> int:
        return int((self.codes >= 0).sum())


def check_feature(feature: Feature, values: NDArray[Any], labels: NDArray[np.int8]) -> list[Remark]:
    """Every remark on one feature; `values` has shape (n,), as model inputs."""
    column = _column(feature, values, labels)
    if not column.present:
        return [Remark("missing", "no value in any row; fill it, or leave it out of the schema")]
    remarks = [*_constant(column), *_missing(column), *_leak(column)]
    if feature.is_categorical:
        remarks += [*_dates(column), *_many_categories(column), *_unknown(column), *_never_seen(column)]
    else:
        remarks += _numbered(column)
    return remarks


def _column(feature: Feature, values: NDArray[Any], labels: NDArray[np.int8]) -> _Column:
    if feature.is_categorical:
        texts = values.tolist()
        distinct = sorted(set(texts) - {MISSING_CATEGORY})
        position = {text: code for code, text in enumerate(distinct)} | {MISSING_CATEGORY: -1}
        codes = np.array([position[text] for text in texts], dtype=np.int64)
        return _Column(feature, distinct, codes, labels)
    missing = np.isnan(values)
    numbers, inverse = np.unique(values[~missing], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int64)
    codes[~missing] = inverse
    return _Column(feature, numbers.tolist(), codes, labels)


def _constant(column: _Column) -> Iterator[Remark]:
    if len(column.distinct) == 1:
        where = "every row" if column.present == column.rows else "every row that has one"
        yield Remark(
            "constant",
            f"the same value in {where}; it teaches next to nothing, so leave it out of the schema",
        )


def _missing(column: _Column) -> Iterator[Remark]:
    """Many missing of any feature; of numbers any, as what a blank number means is rarely "unknown"."""
    absent = column.rows - column.present
    if absent > MANY_MISSING * column.rows:
        yield Remark(
            "missing",
            f"missing in {absent:,} of {column.rows:,} rows; check the export, or leave it out of the schema",
        )
    elif absent and not column.feature.is_categorical:
        yield Remark(
            "blank",
            f"blank in {absent:,} of {column.rows:,} rows; the model fills blanks in, so where one "
            "means 0, write 0",
        )


def _leak(column: _Column) -> Iterator[Remark]:
    codes = _rank_by_rate(column) if column.feature.is_categorical else column.codes + 1
    auc = roc_auc_of_codes(codes, column.labels)
    if max(auc, 1 - auc) > LEAK_ROC_AUC:
        yield Remark(
            LEAK,
            f"alone it tells the label with ROC AUC {max(auc, 1 - auc):.3f}; it is probably "
            "recorded after the customer left, so leave it out of the schema",
        )


def _rank_by_rate(column: _Column) -> NDArray[np.int64]:
    """Rows in the order of their category's churn rate among the rows of other folds.

    With its own row a category of one customer would tell the label, and every name would be a leak.
    """
    codes, labels, fold = column.codes + 1, column.labels, np.arange(column.rows) % RATE_FOLDS
    size = len(column.distinct) + 1
    key = codes * RATE_FOLDS + fold
    rows = np.bincount(key, minlength=size * RATE_FOLDS).reshape(size, RATE_FOLDS)
    positives = np.bincount(key, labels, minlength=size * RATE_FOLDS).reshape(size, RATE_FOLDS)
    others = rows.sum(axis=1, keepdims=True) - rows
    rates = (positives.sum(axis=1, keepdims=True) - positives + labels.mean()) / (others + 1)
    return np.unique(rates[codes, fold], return_inverse=True)[1].astype(np.int64)


def roc_auc_of_codes(codes: NDArray[np.int64], labels: NDArray[np.int8]) -> float:
    """The chance that a churner's code is above another's, ties counted half (Mann & Whitney 1947)."""
    positives = np.bincount(codes, labels)
    negatives = np.bincount(codes) - positives
    below = np.cumsum(negatives) - negatives
    return float((positives * (below + negatives / 2)).sum() / (positives.sum() * negatives.sum()))


def _dates(column: _Column) -> Iterator[Remark]:
    if are_dates(column.distinct):
        yield Remark(
            "dates",
            f"dates as categories ({_shown(column.distinct)}), and tomorrow's are unknown to any "
            "model; turn it into a number such as days since, or leave it out of the schema",
        )


def _many_categories(column: _Column) -> Iterator[Remark]:
    if column.present >= FEW and len(column.distinct) > ID_LIKE * column.present:
        yield Remark(
            "id_like",
            f"{len(column.distinct)} different categories in {column.present} rows, so it names "
            "customers rather than kinds of them; leave it out of the schema, or group its values",
        )


def _numbered(column: _Column) -> Iterator[Remark]:
    """Whole numbers that never repeat are row or customer numbers."""
    is_whole = column.feature.json_type == "integer"
    if is_whole and column.present >= FEW and len(column.distinct) == column.present:
        yield Remark(
            "id_like",
            "a different whole number in every row, so probably a row or customer number; leave it "
            "out of the schema",
        )


def _unknown(column: _Column) -> Iterator[Remark]:
    known = set(column.feature.enum)
    unknown = [category for category in column.distinct if category not in known]
    if unknown:
        yield Remark(
            "unknown_category",
            f"{counted(len(unknown), 'category', 'categories')} not in the schema's enum "
            f"({_shown(unknown)}); learned all the same, so correct the spelling or extend the enum",
        )


def _never_seen(column: _Column) -> Iterator[Remark]:
    found = set(column.distinct)
    unseen = [category for category in column.feature.enum if category not in found]
    if unseen and len(found) > 1:
        yield Remark(
            "unseen_category",
            f"{_shown(unseen)} of the schema's enum in no row; customers who have it will be scored "
            "without this feature and flagged, so add rows of them",
            strict=False,
        )


def _shown(categories: list[str]) -> str:
    return ", ".join(quoted(category) for category in categories[:NAMES_SHOWN])
