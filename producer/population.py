"""Drawing whole columns of customers at once: what the synthetic populations share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

# One array per feature, all of the same length: text as objects, NaN or "" where a value is missing.
Columns = dict[str, NDArray[Any]]


# A churn probability speaks of the months ahead; this part of it happens in one.
LEAVING_IN_A_MONTH = 0.2


def logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log-odds to probabilities."""
    return 1.0 / (1.0 + np.exp(-log_odds))


def flags(values: NDArray[np.bool_]) -> NDArray[Any]:
    """True as "Yes" and False as "No"."""
    return np.where(values, "Yes", "No").astype(object)


def chosen(random: Generator, values: Sequence[str], count: int) -> NDArray[Any]:
    """`count` values, all equally likely."""
    return np.array(values, dtype=object)[random.integers(len(values), size=count)]


def chosen_by(
    random: Generator, values: Sequence[str], shares: Sequence[Sequence[float]], group: NDArray[np.int64]
) -> NDArray[Any]:
    """One value per customer, with the shares of the customer's group."""
    ceilings = np.cumsum(np.array(shares), axis=1)[group]
    picks = (random.random((len(group), 1)) >= ceilings).sum(axis=1)
    found: NDArray[Any] = np.array(values, dtype=object)[np.minimum(picks, len(values) - 1)]
    return found
