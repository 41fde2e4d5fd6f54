"""Whether a probability of 30 % means that 3 of 10 leave."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.manifest import Calibration

CALIBRATION_BINS = 10


def calibration(labels: NDArray[np.int8], scored: NDArray[np.float64]) -> Calibration:
    """Reliability in ten equal-width bins, empty ones left out; ECE weighted by their size."""
    bins = np.minimum((scored * CALIBRATION_BINS).astype(np.int64), CALIBRATION_BINS - 1)
    count = np.bincount(bins, minlength=CALIBRATION_BINS)
    used = count > 0
    predicted = np.bincount(bins, weights=scored, minlength=CALIBRATION_BINS)[used] / count[used]
    observed = np.bincount(bins, weights=labels, minlength=CALIBRATION_BINS)[used] / count[used]
    ece = float((np.abs(predicted - observed) * count[used]).sum() / count.sum())
    return Calibration(
        ece=ece,
        mean_predicted=predicted.tolist(),
        share_observed=observed.tolist(),
        count=count[used].tolist(),
    )


def expected_calibration_error(labels: NDArray[np.int8], scored: NDArray[np.float64]) -> float:
    """The mean distance between predicted and observed shares, weighted by the size of the bins.

    Naeini et al. 2015, https://ojs.aaai.org/index.php/AAAI/article/view/9602
    """
    return calibration(labels, scored).ece
