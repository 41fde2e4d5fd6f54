"""Three ways to divide rows into folds. Every one is small to pickle, and gives the same folds every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.errors import DatasetError

Labels: TypeAlias = NDArray[np.int8]
Codes: TypeAlias = NDArray[np.int64]  # one number per group
Rows: TypeAlias = NDArray[np.int64]
Folds: TypeAlias = list[tuple[Rows, Rows]]  # what to learn from and what to judge, as positions in the rows

# StratifiedGroupKFold takes about 90 µs per group, so more groups are first put into so many bundles.
MAX_BUNDLES = 2_000


@dataclass(frozen=True, slots=True)
class Stratified:
    """Folds with the same share of churners."""

    labels: Labels
    seed: int
    folds: int

    def __call__(self, rows: Rows) -> Folds:
        from sklearn.model_selection import StratifiedKFold

        splitter = StratifiedKFold(self.folds, shuffle=True, random_state=self.seed)
        return list(splitter.split(np.zeros((len(rows), 1)), self.labels[rows]))


@dataclass(frozen=True, slots=True)
class Grouped:
    """Folds with about the same share of churners, and each group in one of them.

    Raises DatasetError where there are fewer groups than folds, or a fold lacks a class.
    """

    labels: Labels
    groups: Codes
    seed: int
    folds: int
    _known: dict[bytes, Folds] = field(default_factory=dict)  # dividing by groups is slow

    def __call__(self, rows: Rows) -> Folds:
        key = hashlib.blake2b(rows.tobytes()).digest()
        if key not in self._known:
            self._known[key] = self._divide(rows)
        return self._known[key]

    def _divide(self, rows: Rows) -> Folds:
        from sklearn.model_selection import StratifiedGroupKFold

        labels, bundles = self.labels[rows], self._bundles(rows)
        if len(np.unique(bundles)) < self.folds:
            raise DatasetError(f"fewer than {self.folds} groups")
        splitter = StratifiedGroupKFold(self.folds, shuffle=True, random_state=self.seed)
        folds = list(splitter.split(np.zeros((len(rows), 1)), labels, bundles))
        if not all(has_both(labels[part]) for fold in folds for part in fold):
            raise DatasetError("too few groups hold both customers who left and customers who stayed")
        return folds

    def _bundles(self, rows: Rows) -> Codes:
        """The groups of rows; where they are many, bundles of whole groups, drawn at random."""
        present, codes = np.unique(self.groups[rows], return_inverse=True)
        if len(present) <= MAX_BUNDLES:
            return codes.astype(np.int64)
        bundle = np.random.default_rng(self.seed).permutation(len(present)) % MAX_BUNDLES
        return bundle[codes].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Forward:
    """Periods in time order, each judged by models of the earlier rows; without the same groups' where given.

    As many as `folds`, or fewer where the rows have too few different times or a period lacks a class; with
    none at all, folds by `otherwise`.
    """

    labels: Labels
    times: NDArray[np.float64]
    groups: Codes | None
    folds: int
    otherwise: Stratified | Grouped

    def __call__(self, rows: Rows) -> Folds:
        labels = self.labels[rows]
        for count in range(self.folds, 0, -1):
            folds = forward_folds(self.times[rows], None if self.groups is None else self.groups[rows], count)
            if folds and all(has_both(labels[part]) for fold in folds for part in fold):
                return folds
        return self.otherwise(rows)


def forward_folds(times: NDArray[np.float64], groups: Codes | None, count: int) -> Folds:
    """`count` periods, each with all earlier rows but those of its own groups; [] where times are too few.

    The rows before the first period are only learned from. Periods are as equal in size as they can be with
    all rows of one time in one of them.
    """
    moments, sizes = np.unique(times, return_counts=True)
    if len(moments) <= count:
        return []
    before = np.cumsum(sizes)[:-1]  # rows before each moment but the first
    starts: list[int] = []
    for number in range(1, count + 1):
        # Leave a moment for each period before and after.
        choices = np.arange(starts[-1] + 1 if starts else 0, len(before) - (count - number))
        starts.append(int(choices[np.argmin(np.abs(before[choices] - number * len(times) / (count + 1)))]))
    period = np.searchsorted(moments[[start + 1 for start in starts]], times, side="right")
    return [_fold(period, groups, number) for number in range(1, count + 1)]


def _fold(period: NDArray[np.int64], groups: Codes | None, number: int) -> tuple[Rows, Rows]:
    train, test = np.flatnonzero(period < number), np.flatnonzero(period == number)
    if groups is not None:
        train = train[~np.isin(groups[train], groups[test])]
    return train, test


def has_both(labels: Labels) -> bool:
    """Whether both classes are there."""
    return bool(labels.any() and not labels.all())


def codes_of(groups: NDArray[np.object_]) -> Codes:
    """One number per group, in the order in which the groups come."""
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups.tolist()], dtype=np.int64)
