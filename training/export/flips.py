"""Decisions as they are stored, with six decimals: where graph and pipeline could decide differently."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

STEPS = 10**6  # of a stored probability; PROBABILITY_DECIMALS of contract/prediction.py


@dataclass(slots=True)
class Decisions:
    """Collects, slice by slice, at which thresholds a row is at risk by one side and not by the other.

    A decision is `round(probability, 6) >= threshold`, as readers of a stored prediction repeat it.
    """

    contested: dict[int, int] = field(default_factory=dict)  # threshold in millionths: rows

    def add(self, found: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
        """Compare the probabilities of some rows."""
        steps = np.rint(np.stack([found, expected]) * STEPS).astype(np.int64)
        low, high = steps.min(axis=0), steps.max(axis=0)
        while (apart := low < high).any():
            low, high = low[apart] + 1, high[apart]
            for threshold, rows in zip(*np.unique(low, return_counts=True), strict=True):
                self.contested[int(threshold)] = self.contested.get(int(threshold), 0) + int(rows)

    def flips(self, threshold: float) -> int:
        """How many rows are decided differently at a threshold of six decimals."""
        return self.contested.get(round(threshold * STEPS), 0)

    def settle(self, wanted: float) -> float:
        """The threshold of six decimals nearest to the wanted one at which no row is decided differently.

        Of two as near, the lower. 0 always is one: everybody is at risk.
        """
        nearest = round(wanted * STEPS)
        for distance in range(STEPS + 1):
            for threshold in (nearest - distance, nearest + distance):
                if 0 <= threshold <= STEPS and threshold not in self.contested:
                    return threshold / STEPS
        raise AssertionError("0 is never contested")
