"""From which probability on to act: by F1, by what mistakes cost, or by how many churners must be found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.errors import ThresholdError

# The curve of F1 or cost is flat and ragged near its best point, so the very best one is an accident of the
# rows at hand. The middle of all within 2 % of it does better on rows not seen (Telco: F1 .636 against .632).
PLATEAU = 0.02


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """How the operating threshold is chosen.

    `cost_missed` is what a churner costs whom nobody contacted, `cost_contact` what contacting anybody costs,
    in one currency. `min_recall` is the share of churners to be found at least. Raises ThresholdError where
    these do not fit together.
    """

    kind: Literal["f1", "cost", "recall"] = "f1"
    cost_missed: float | None = None
    cost_contact: float | None = None
    min_recall: float | None = None

    def __post_init__(self) -> None:
        if self.kind == "cost":
            missed, contact = self.cost_missed, self.cost_contact
            if missed is None or contact is None:
                raise ThresholdError("threshold by cost: give both, what a missed churner and a contact cost")
            if not (0 < contact < missed < math.inf):
                raise ThresholdError(
                    f"threshold by cost: a contact costs {contact:g}, a missed churner {missed:g}; expected "
                    "0 < contact < missed, else contacting nobody (or everybody) is best without any model"
                )
        if self.kind == "recall" and not (self.min_recall is not None and 0 < self.min_recall <= 1):
            raise ThresholdError(f"threshold by recall: {self.min_recall} given, expected a share in (0, 1]")

    @property
    def words(self) -> str:
        """For people: `best F1`."""
        if self.kind == "cost":
            return (
                f"lowest cost, {self.cost_missed:g} per missed churner and {self.cost_contact:g} per contact"
            )
        return "best F1" if self.kind == "f1" else f"recall of at least {self.min_recall:.0%}"

    def choose(self, labels: NDArray[np.int8], scored: NDArray[np.float64]) -> float:
        """The lowest probability to act on. `scored` must be out of fold: fitted rows look too good."""
        curve = confusion_curve(labels, scored)
        if self.kind == "recall":
            assert self.min_recall is not None
            # Going up, recall falls: the last one that still finds enough.
            enough = np.flatnonzero(curve.found / curve.positives >= self.min_recall)
            return float(curve.thresholds[enough[-1]])
        if self.kind == "cost":
            return _middle_of_best(curve.thresholds, -self.cost(curve))
        return _middle_of_best(curve.thresholds, curve.f1)

    def cost(self, curve: ConfusionCurve) -> NDArray[np.float64]:
        """Expected cost per customer at every threshold of a curve, in the currency of the costs."""
        assert self.cost_missed is not None
        assert self.cost_contact is not None
        missed = curve.positives - curve.found
        total: NDArray[np.float64] = missed * self.cost_missed + curve.flagged * self.cost_contact
        return total / curve.rows


@dataclass(frozen=True, slots=True)
class ConfusionCurve:
    """How many rows are flagged, and churners found, from each threshold on; thresholds ascending."""

    thresholds: NDArray[np.float64]
    flagged: NDArray[np.int64]
    found: NDArray[np.int64]
    positives: int
    rows: int

    @property
    def f1(self) -> NDArray[np.float64]:
        """2 · found / (flagged + positives)."""
        score: NDArray[np.float64] = 2 * self.found / (self.flagged + self.positives)
        return score


def confusion_curve(labels: NDArray[np.int8], scored: NDArray[np.float64]) -> ConfusionCurve:
    """Every distinct score as a threshold."""
    order = np.argsort(scored, kind="stable")
    ascending = scored[order]
    first = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])
    from_here = np.cumsum(labels[order][::-1].astype(np.int64))[::-1]
    return ConfusionCurve(
        thresholds=ascending[first],
        flagged=len(scored) - first,
        found=from_here[first],
        positives=int(labels.sum()),
        rows=len(scored),
    )


def _middle_of_best(thresholds: NDArray[np.float64], merit: NDArray[np.float64]) -> float:
    best = int(np.argmax(merit))
    good = merit >= merit[best] - PLATEAU * abs(merit[best])
    # Only the stretch around the best one: another hill elsewhere must not drag the middle into a valley.
    left, right = best, best
    while left > 0 and good[left - 1]:
        left -= 1
    while right < len(good) - 1 and good[right + 1]:
        right += 1
    return float((thresholds[left] + thresholds[right]) / 2)
