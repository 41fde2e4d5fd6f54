"""Whether two candidates, judged on the same folds, can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

SEPARABLE_T = 2.0


@dataclass(frozen=True, slots=True)
class Paired:
    """The mean difference of two candidates over folds, with its corrected t statistic and two-sided p."""

    difference: float
    t: float
    p_value: float

    @property
    def separable(self) -> bool:
        """|t| > 2: more than the choice of folds explains."""
        return abs(self.t) > SEPARABLE_T


def paired_test(ours: Sequence[float], theirs: Sequence[float], test_to_train: float) -> Paired:
    """The corrected resampled t-test: folds overlap, so the variance is that of (1/n + test/train) draws.

    `test_to_train` is the mean ratio of judged to fitted rows (1/4 for 5 folds). Without the correction
    two equal models are told apart far too often: Nadeau & Bengio 2003,
    https://doi.org/10.1023/A:1024068626366; Bouckaert & Frank 2004 for repeated folds.
    """
    differences = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    n = len(differences)
    mean = float(differences.mean())
    variance = float(differences.var(ddof=1)) * (1 / n + test_to_train)
    # Differences of the same size in every fold: either the models are one, or nothing is uncertain.
    if variance <= (1e-12 * max(1.0, abs(mean))) ** 2:
        t = 0.0 if abs(mean) < 1e-12 else math.copysign(math.inf, mean)
    else:
        t = mean / math.sqrt(variance)
    return Paired(mean, t, float(2 * stats.t.sf(abs(t), df=n - 1)))
