"""What a careful person would notice in raw data, each in one line with what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.data.feature_quality import LEAK_ROC_AUC, MANY_MISSING
from training.data.quality import RARE_CLASS
from training.report.headline import Remark
from training.report.raw import RawColumn, RawTable
from training.report.words import percent
from training.wording import counted, printable

NEARLY_THE_SAME = 0.98  # association from which one of two columns can go
MIX = np.uint64(0x9E3779B97F4A7C15)  # odd, with bits all over: Fibonacci hashing


def find_oddities(
    table: RawTable, aucs: Mapping[str, float], pairs: Mapping[tuple[str, str], float]
) -> list[Remark]:
    """Every remark on a table; the grave ones first."""
    found = [*_size(table), *_balance(table), *_duplicates(table)]
    for column in table.columns:
        found += _column(column, table)
    found += _leaks(aucs)
    found += _twins(pairs)
    return sorted(found, key=lambda remark: remark.state != "warn")


def _size(table: RawTable) -> Iterator[Remark]:
    if table.note:
        yield Remark("note", table.note)
    if table.total_rows > table.rows:
        yield Remark(
            "note", f"{table.total_rows:,} rows: everything here is from a random sample of {table.rows:,}."
        )
    if table.irregular:
        yield Remark(
            "warn",
            f"{counted(table.irregular, 'line')} left out, of another width than the header or not CSV; "
            "mend the export.",
        )


def _balance(table: RawTable) -> Iterator[Remark]:
    label = table.label
    if label is None:
        return
    if min(label.rate, 1 - label.rate) < RARE_CLASS:
        yield Remark(
            "note",
            f"{printable(label.column)}: {percent(label.rate)} left; with so few of one kind look at PR AUC "
            "rather than accuracy.",
        )
    blank = int(np.isnan(label.values).sum())
    if blank:
        yield Remark("note", f"{printable(label.column)}: {counted(blank, 'row')} without a label.")


def _duplicates(table: RawTable) -> Iterator[Remark]:
    for column in table.of_kind("identifier"):
        repeated = int(column.present.sum()) - column.distinct
        if column.name == table.id_column and repeated:
            yield Remark(
                "warn",
                f"{printable(column.name)}: {counted(repeated, 'row repeats', 'rows repeat')} a customer; "
                "keep one row each, or train with --group.",
            )
    fingerprints = _fingerprints(table)
    _, first, count = np.unique(fingerprints, return_index=True, return_counts=True)
    extra = int((count - 1).sum())
    if extra and len(table.of_kind("number", "category")) > 1:
        yield Remark(
            "note",
            f"{counted(extra, 'row is', 'rows are')} like another in every column but the identifiers"
            f"{_disagreeing(table, fingerprints, first)}; where that is no coincidence, keep one of each.",
        )


def _fingerprints(table: RawTable) -> NDArray[np.uint64]:
    """A number per row that is equal for rows equal in all columns but identifiers."""
    mixed = np.zeros(table.rows, dtype=np.uint64)
    for column in table.columns:
        if column.kind != "identifier":
            codes, _ = pd.factorize(column.values)  # -1 for a missing number
            mixed = (mixed ^ codes.astype(np.uint64)) * MIX
            mixed ^= mixed >> np.uint64(29)
    return mixed


def _disagreeing(table: RawTable, fingerprints: NDArray[np.uint64], first: NDArray[np.int64]) -> str:
    if table.label is None:
        return ""
    group = np.searchsorted(fingerprints[first], fingerprints)
    left = np.bincount(group, weights=np.nan_to_num(table.label.values))
    rows = np.bincount(group)
    mixed = int(((left > 0) & (left < rows)).sum())
    return (
        f", and {counted(mixed, 'such group holds', 'such groups hold')} leavers and stayers" if mixed else ""
    )


def _column(column: RawColumn, table: RawTable) -> Iterator[Remark]:
    name = printable(column.name) or "a column without a name"
    if column.kind == "empty":
        yield Remark("warn", f"{name}: no row holds a value; leave it out.")
        return
    if column.distinct == 1:
        yield Remark("warn", f"{name}: the same value in every row; it teaches nothing, so leave it out.")
    if column.missing > MANY_MISSING * table.rows:
        yield Remark("note", f"{name}: missing in {percent(column.missing / table.rows)} of rows.")
    if column.unreadable:
        yield Remark(
            "warn",
            f"{name}: {counted(column.unreadable, 'cell is no number', 'cells are no numbers')} in a column "
            "of numbers; mend them, as such rows are not trained on.",
        )
    if column.kind == "date":
        yield Remark(
            "note", f"{name}: dates as text; turn them into a number such as days since, or leave them out."
        )
    if column.kind == "text":
        yield Remark(
            "note",
            f"{name}: {column.distinct:,} different texts are too many for a category; group them or leave "
            "them out.",
        )


def _leaks(aucs: Mapping[str, float]) -> Iterator[Remark]:
    for name, auc in aucs.items():
        if auc > LEAK_ROC_AUC:
            yield Remark(
                "warn",
                f"{printable(name)}: alone it tells who left with ROC AUC {auc:.3f}; it is probably recorded "
                "afterwards, so leave it out.",
            )


def _twins(pairs: Mapping[tuple[str, str], float]) -> Iterator[Remark]:
    for (one, other), strength in pairs.items():
        if abs(strength) >= NEARLY_THE_SAME:
            yield Remark(
                "note",
                f"{printable(one)} and {printable(other)} say nearly the same (association "
                f"{abs(strength):.2f}); the one with more different values is enough.",
            )


def missing_rows(table: RawTable) -> list[tuple[str, ...]]:
    """For the columns with gaps: how many, and how many left where it is missing and where it is not."""
    rows = []
    for column in sorted(table.columns, key=lambda each: -each.missing):
        absent = ~column.present
        if not absent.any():
            continue
        shares = [percent(_rate(table, side)) if _said(table, side) else "–" for side in (absent, ~absent)]
        rows.append(
            (printable(column.name), f"{int(absent.sum()):,}", percent(float(absent.mean())), *shares)
        )
    return rows


def _said(table: RawTable, rows: NDArray[np.bool_]) -> bool:
    return table.label is not None and bool((~np.isnan(table.label.values[rows])).any())


def _rate(table: RawTable, rows: NDArray[np.bool_]) -> float:
    assert table.label is not None
    return float(np.nanmean(table.label.values[rows]))
