"""Where to cut a column of numbers. Every cut is a value that was observed, so it is float32 exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEVER = np.array([np.inf], dtype=np.float32)


def step_edges(present: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Where the quantile bins of a column meet; for one that never varies, one edge that nothing reaches."""
    values = np.unique(present)
    if len(values) < 2:
        return NEVER
    edges = _inner_quantiles(present, bins)
    above: NDArray[np.float32] = edges[edges > values[0]]
    # Nearly all rows at the minimum (say, no complaint): whether one is above it is all there is to know.
    return above if len(above) else values[1:2]


def ramp_knots(present: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """The quantiles of a column with its ends, and the neighbours of values that half a bin of rows share.

    Such a value (no complaint, the first month, the longest contract) differs in kind from the ones beside
    it. With knots on it and on both neighbours its effect is its own.
    """
    values, counts = np.unique(present, return_counts=True)
    shared = np.flatnonzero(counts * 2 * bins >= len(present))
    around = np.clip(np.add.outer([-1, 0, 1], shared), 0, len(values) - 1)
    ends = values[[0, -1]]
    knots: NDArray[np.float32] = np.unique(
        np.concatenate([ends, _inner_quantiles(present, bins), values[around].ravel()])
    )
    return knots


def observed_quantile(present: NDArray[np.float32], share: Any) -> NDArray[np.float32]:
    """A quantile that is one of the values, never a mean of two."""
    return np.asarray(np.quantile(present, share, method="inverted_cdf"), dtype=np.float32)


def _inner_quantiles(present: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    shares = np.linspace(0, 1, bins + 1)[1:-1]
    return np.unique(observed_quantile(present, shares))
