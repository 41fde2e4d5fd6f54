"""Which rows are judged by models that never saw them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.data.dataset import Table
from training.data.folds import Forward, Grouped, Stratified, codes_of, forward_folds
from training.errors import DatasetError

Rows: TypeAlias = NDArray[np.int64]
Fold: TypeAlias = tuple[Rows, Rows]  # training rows, test rows

FOLDS = 5
REPEATS = 3
INNER_FOLDS = 3


@dataclass(frozen=True, slots=True)
class Splits:
    """Outer folds to judge on, and for the training rows of each the inner folds to choose on.

    `outer` holds `repeats` runs of folds. `inner(rows)` splits those rows; its folds are positions in `rows`.
    `how` says it in words. Both classes are in every training and test part.
    """

    how: str
    outer: tuple[Fold, ...]
    repeats: int
    inner: Callable[[Rows], list[Fold]]


def make_splits(table: Table, seed: int) -> Splits:
    """Splits that suit a table; the same table and seed give the same.

    In time order where it has times: five periods, each judged by models of all earlier rows, and a sixth
    before them that is only learned from. Else five stratified folds, three times over. Where it has groups,
    none is on both sides of a fold. Raises DatasetError where some part would lack a class.
    """
    if table.times is not None:
        splits = _forward(table, table.times, seed)
    elif table.groups is not None:
        splits = _grouped(table, table.groups, seed)
    else:
        splits = _stratified(table, seed)
    for number, fold in enumerate(splits.outer):
        _require_classes(table, fold, number, splits.how)
    _require_inner(table, splits)
    return splits


def _stratified(table: Table, seed: int) -> Splits:
    from sklearn.model_selection import RepeatedStratifiedKFold

    splitter = RepeatedStratifiedKFold(n_splits=FOLDS, n_repeats=REPEATS, random_state=seed)
    outer = tuple(splitter.split(np.zeros((table.rows, 1)), table.labels))
    how = f"{FOLDS}-fold stratified cross-validation, {REPEATS} times"
    return Splits(how, outer, REPEATS, Stratified(table.labels, seed, INNER_FOLDS))


def _grouped(table: Table, groups: NDArray[np.object_], seed: int) -> Splits:
    codes, rows = codes_of(groups), np.arange(table.rows)
    column = table.group_column or "group"
    try:
        outer = [
            fold
            for repeat in range(REPEATS)
            for fold in Grouped(table.labels, codes, seed + repeat, FOLDS)(rows)
        ]
    except DatasetError as error:
        raise DatasetError(
            f"{table.source}: {FOLDS} folds by column {column} with {codes.max() + 1} groups: {error}; "
            f"{_GROUP_BY}"
        ) from None
    how = f"{FOLDS}-fold stratified cross-validation, {REPEATS} times, each {column} on one side only"
    return Splits(how, tuple(outer), REPEATS, Grouped(table.labels, codes, seed, INNER_FOLDS))


def _forward(table: Table, times: NDArray[np.float64], seed: int) -> Splits:
    codes = None if table.groups is None else codes_of(table.groups)
    column = table.time_column or "time"
    outer = forward_folds(times, codes, FOLDS)
    if not outer:
        raise DatasetError(
            f"{table.source}: column {column} holds {len(np.unique(times))} different times, at least "
            f"{FOLDS + 1} expected, one to learn from first and {FOLDS} to judge; {_LONGER}"
        )
    how = f"{FOLDS} periods by {column}, each judged by models of all earlier rows"
    otherwise: Stratified | Grouped = Stratified(table.labels, seed, INNER_FOLDS)
    if codes is not None:
        how += f" but those of the same {table.group_column or 'group'}"
        otherwise = Grouped(table.labels, codes, seed, INNER_FOLDS)
    return Splits(how, tuple(outer), 1, Forward(table.labels, times, codes, INNER_FOLDS, otherwise))


def _require_classes(table: Table, fold: Fold, number: int, how: str) -> None:
    """Raise DatasetError where a part of an outer fold lacks a class, or has too few rows to divide again."""
    for rows, least, part in zip(fold, (INNER_FOLDS, 1), ("learn from", "judge"), strict=True):
        positives = int(table.labels[rows].sum())
        smaller = min(positives, len(rows) - positives)
        if smaller < least:
            which = "left" if positives == smaller else "stayed"
            raise DatasetError(
                f"{table.source}: fold {number % FOLDS + 1} of {FOLDS} has {len(rows):,} rows to {part}, "
                f"{smaller} of them of customers who {which}, at least {least} expected ({how}); "
                f"{_remedy(table)}"
            )


def _require_inner(table: Table, splits: Splits) -> None:
    """What cannot be divided again fails now, not after minutes of comparing."""
    for number, (train, _) in enumerate(splits.outer):
        try:
            splits.inner(train)
        except DatasetError as error:
            raise DatasetError(
                f"{table.source}: fold {number % FOLDS + 1} of {FOLDS}: its {len(train):,} rows to learn "
                f"from cannot be divided again in {INNER_FOLDS} to choose settings: {error} ({splits.how}); "
                f"{_remedy(table)}"
            ) from None
    splits.inner(np.arange(table.rows))


_LONGER = "use rows of a longer time, or leave the time column out"
_GROUP_BY = "group by a finer column, or by none"


def _remedy(table: Table) -> str:
    if table.times is not None:
        return _LONGER if table.groups is None else "leave the group column or the time column out"
    return _GROUP_BY if table.groups is not None else "add rows"
