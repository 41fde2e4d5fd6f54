"""Splits that fall alike in float32, in which the graph compares, and in the library's float64."""

from __future__ import annotations

from itertools import chain
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


def floor_to_float32(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 not above each value: `x <= value` is the same for every float32 x."""
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
    below = np.nextafter(nearest, np.float32(-np.inf))
    return np.where(nearest > values, below, nearest)


class SinglePrecisionHistGradientBoosting(HistGradientBoostingClassifier):  # type: ignore[misc]
    """Histogram gradient boosting whose thresholds are float32 exactly.

    Its own are midpoints in float64, which converters round to nearest; a value between the two would then
    go the other way. On float32 columns flooring changes no prediction. Runs on one thread.
    """

    def fit(self, x: Any, y: Any) -> Self:
        """As inherited, on one thread: sums in parallel would depend on the number of cores."""
        with threadpool_limits(limits=1):
            super().fit(x, y)
        for predictor in chain.from_iterable(self._predictors):
            thresholds = predictor.nodes["num_threshold"]
            predictor.nodes["num_threshold"] = floor_to_float32(thresholds)
        return self

    def _raw_predict(self, x: Any, n_threads: int | None = None) -> NDArray[np.float64]:  # noqa: ARG002
        # Threads that wait for each other on a busy machine cost more than they gain on such tables.
        raw: NDArray[np.float64] = super()._raw_predict(x, n_threads=1)
        return raw
