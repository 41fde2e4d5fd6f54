"""What a careful person would notice in a table before trusting a model of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.feature import Feature
from contract.inputs import MISSING_CATEGORY
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.wording import NAMES_SHOWN, counted, quoted

LEAK = "leak"  # the check that promotion looks at
MANY_MISSING = 0.5  # share of rows
RARE_CLASS = 0.05  # share of rows
# One feature that separates the classes this well was almost certainly written down after the fact.
LEAK_ROC_AUC = 0.98


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation and what to do about it, in one line. `check` names the kind, for filters and tests."""

    check: str
    column: str
    message: str


def check_quality(table: Table, schema: FeatureSchema) -> list[Finding]:
    """Every finding on a table, rows first, then feature by feature in schema order."""
    found = [*_skipped(table), *_duplicates(table, schema), *_balance(table, schema)]
    for feature in schema.features:
        values = table.inputs[feature.name][:, 0]
        present = values != MISSING_CATEGORY if feature.is_categorical else ~np.isnan(values)
        found += _constant(feature, values[present])
        found += _missing(feature, present)
        found += _leak(feature, values, table.labels)
        if feature.is_categorical:
            found += _unknown_categories(feature, values)
    return found


def _skipped(table: Table) -> Iterator[Finding]:
    for reason, count in table.skipped.by_reason.items():
        lines = ", ".join(map(str, table.skipped.first_lines[reason]))
        more = ", …" if count > len(table.skipped.first_lines[reason]) else ""
        column = reason.partition(":")[0]
        them = "it" if count == 1 else "them"
        yield Finding(
            "skipped",
            column,
            f"{reason}: {counted(count, 'row')} left out (line {lines}{more}); correct or remove {them}",
        )


def _duplicates(table: Table, schema: FeatureSchema) -> Iterator[Finding]:
    repeated = [customer for customer, count in Counter(table.ids).items() if count > 1]
    if repeated:
        yield Finding(
            "duplicates",
            schema.id_column,
            f"{schema.id_column}: {counted(len(repeated), 'customer appears', 'customers appear')} more than "
            "once; a customer in both training and test rows flatters the figures, so keep one row each",
        )


def _balance(table: Table, schema: FeatureSchema) -> Iterator[Finding]:
    share = float(table.labels.mean())
    if min(share, 1 - share) < RARE_CLASS:
        yield Finding(
            "balance",
            schema.label_column,
            f"{schema.label_column}: {share:.1%} of rows are positive; figures on so few cases are "
            "uncertain, so look at PR AUC and add rows of the rarer kind",
        )


def _constant(feature: Feature, present: NDArray[Any]) -> Iterator[Finding]:
    if len(present) and len(set(present.tolist())) == 1:
        yield Finding(
            "constant",
            feature.name,
            f"{feature.name}: the same value in every row; it teaches nothing, so leave it out of the schema",
        )


def _missing(feature: Feature, present: NDArray[np.bool_]) -> Iterator[Finding]:
    absent = len(present) - int(present.sum())
    if absent == len(present):
        yield Finding(
            "missing", feature.name, f"{feature.name}: no value in any row; fill it, or leave it out"
        )
    elif absent > MANY_MISSING * len(present):
        yield Finding(
            "missing",
            feature.name,
            f"{feature.name}: missing in {absent} of {len(present)} rows; check the export, or leave it out",
        )


def _leak(feature: Feature, values: NDArray[Any], labels: NDArray[np.int8]) -> Iterator[Finding]:
    from sklearn.metrics import roc_auc_score

    score = _churn_rate_by_category(values, labels) if feature.is_categorical else _as_numbers(values)
    auc = float(roc_auc_score(labels, score))
    if max(auc, 1 - auc) > LEAK_ROC_AUC:
        yield Finding(
            LEAK,
            feature.name,
            f"{feature.name}: alone it tells the label with ROC AUC {max(auc, 1 - auc):.3f}; it is probably "
            "recorded after the customer left, so leave it out of the schema",
        )


def _as_numbers(values: NDArray[Any]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), nan=float(np.nanmin(values)) if _any(values) else 0.0)


def _any(values: NDArray[Any]) -> bool:
    return bool((~np.isnan(values)).any())


def _churn_rate_by_category(values: NDArray[Any], labels: NDArray[np.int8]) -> NDArray[np.float64]:
    rates = {category: float(labels[values == category].mean()) for category in set(values.tolist())}
    return np.array([rates[category] for category in values.tolist()])


def _unknown_categories(feature: Feature, values: NDArray[Any]) -> Iterator[Finding]:
    unknown = sorted(set(values.tolist()) - set(feature.enum) - {MISSING_CATEGORY})
    if unknown:
        shown = ", ".join(quoted(category) for category in unknown[:NAMES_SHOWN])
        yield Finding(
            "unknown_category",
            feature.name,
            f"{feature.name}: {counted(len(unknown), 'category', 'categories')} not in the schema's enum "
            f"({shown}); learned all the same, so correct the spelling or extend the enum",
        )
