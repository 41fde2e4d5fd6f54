"""How every fit and every prediction is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits  # type: ignore[import-untyped]

BLAS_KERNELS = "BLAS kernels"  # the name in a manifest's libraries


@contextmanager
def one_thread() -> Iterator[None]:
    """On one thread, as sums in parallel depend on the number of cores; and quiet about float32's extremes.

    Scikit-learn looks for NaN by adding all values up. Values near 3e38 overflow there, or give inf - inf; it
    then looks at each value, so nothing is lost.
    """
    with threadpool_limits(limits=1), np.errstate(over="ignore", invalid="ignore"):
        yield


def blas_kernels() -> str:
    """The processor that OpenBLAS computes for, as `Haswell`; empty for another BLAS.

    Sums of products differ in the last bits between processors, and so do fitted coefficients.
    """
    return "+".join(sorted({info["architecture"] for info in threadpool_info() if "architecture" in info}))
