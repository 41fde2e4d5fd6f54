"""The difference of two ROC AUCs on the same rows, with its uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from training.evaluation.evaluation import Labels, Probabilities

Floats: TypeAlias = NDArray[np.float64]
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class AucDifference:
    """First minus second, its 95 % interval, and the two-sided p of no difference."""

    difference: float
    low: float
    high: float
    p_value: float


def delong(labels: Labels, first: Probabilities, second: Probabilities) -> AucDifference:
    """DeLong, DeLong & Clarke-Pearson 1988, by the ranks of Sun & Xu 2014 (https://doi.org/10.1109/LSP.2014.2337313).

    For two models that are fixed: what fitting them on other rows would change is not in the interval.
    """
    churned = labels == 1
    parts = [_placements(scored[churned], scored[~churned]) for scored in (first, second)]
    aucs = [float(of_churned.mean()) for of_churned, _ in parts]
    # Per row: how far the two models differ in where they place it.
    differing = [parts[0][side] - parts[1][side] for side in (0, 1)]
    variance = sum(float(each.var(ddof=1)) / len(each) for each in differing)
    difference, error = aucs[0] - aucs[1], math.sqrt(variance)
    if error == 0.0:
        return AucDifference(difference, difference, difference, 1.0 if difference == 0.0 else 0.0)
    reach = float(stats.norm.ppf(0.5 + LEVEL / 2)) * error
    p_value = float(2 * stats.norm.sf(abs(difference) / error))
    return AucDifference(difference, difference - reach, difference + reach, p_value)


def _placements(churned: Floats, stayed: Floats) -> tuple[Floats, Floats]:
    """For each churner the share of stayers scored lower, for each stayer that of churners scored higher."""
    ranks = stats.rankdata(np.concatenate([churned, stayed]))  # ties count half
    m, n = len(churned), len(stayed)
    above = (ranks[:m] - stats.rankdata(churned)) / n
    below = 1.0 - (ranks[m:] - stats.rankdata(stayed)) / m
    return above, below
