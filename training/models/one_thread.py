"""How every fit and every prediction is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]


@contextmanager
def one_thread() -> Iterator[None]:
    """On one thread, as sums in parallel depend on the number of cores; and quiet about float32's extremes.

    Scikit-learn looks for NaN by adding all values up. Values near 3e38 overflow there, or give inf - inf; it
    then looks at each value, so nothing is lost.
    """
    with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
        yield
