"""What must hold of a graph's margin, contributions and reasons on some rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.graph import CONTRIBUTIONS, MARGIN, REASON_CONTRIBUTION, REASON_FEATURE
from training.errors import ParityError
from training.export.explained import CERTAIN, Explained, Reference
from training.export.graph import Outputs

MAX_MARGIN_DIFF = 1e-5
DIGITS_LAST_TO = 64.0  # log-odds up to which float32 holds 1e-5 and room for a sum


def largest(difference: NDArray[Any]) -> float:
    """The largest absolute value; NaN where there is one."""
    return float(np.max(np.abs(difference), initial=0.0))


def require(difference: float, allowed: float, output: str, what: str) -> None:
    """Raise ParityError where a difference is more than allowed."""
    # NaN is not <= anything, so it fails too.
    if not difference <= allowed:
        raise ParityError(
            f"parity: the graph's {output} is off by {difference:.1e} on {what}, at most {allowed:.0e} "
            "allowed; nothing was published. Try another candidate, and report this one"
        )


class Checks:
    """Holds a graph's outputs against the reference. Each check raises ParityError where it does not hold."""

    def __init__(self, reference: Reference, base_margin: float, base: Outputs) -> None:
        self._reference = reference
        self._base_margin = base_margin
        self._base = base[CONTRIBUTIONS].astype(np.float64)

    def margin(self, outputs: Outputs, explained: Explained, what: str) -> None:
        """The log-odds are the pipeline's own."""
        difference = (outputs[MARGIN][:, 0] - explained.margin) / self._scale(explained)
        require(largest(difference), MAX_MARGIN_DIFF, "margin", what)

    def contributions(self, outputs: Outputs, explained: Explained, what: str) -> None:
        """Each feature's contribution is the reference's, and 0 where the model never looks at it."""
        difference = (outputs[CONTRIBUTIONS] - explained.contributions) / self._scale(explained)[:, None]
        require(largest(difference), MAX_MARGIN_DIFF, "contribution", what)
        unused = outputs[CONTRIBUTIONS][:, ~self._reference.used]
        require(largest(unused), 0.0, "contribution of a feature without splits", what)

    def reasons(self, outputs: Outputs, what: str) -> None:
        """Contributions add up to the margin, and the reasons are the strongest of them in order."""
        contributions = outputs[CONTRIBUTIONS].astype(np.float64)
        margin = outputs[MARGIN][:, 0].astype(np.float64)
        strengths = np.abs(contributions)
        scale = np.maximum(1.0, (strengths.sum(axis=1) + np.abs(margin)) / DIGITS_LAST_TO)
        missing = (contributions.sum(axis=1) + self._base_margin - margin) / scale
        require(largest(missing), MAX_MARGIN_DIFF, "sum of contributions", what)
        strongest = -np.sort(-strengths, axis=1)[:, : outputs[REASON_FEATURE].shape[1]]
        named = np.take_along_axis(contributions, outputs[REASON_FEATURE].astype(np.int64), axis=1)
        given = outputs[REASON_CONTRIBUTION].astype(np.float64)
        require(largest(given - named), 0.0, "reason_contribution", what)
        require(largest(np.abs(given) - strongest), 0.0, "reason order", what)

    def others_unchanged(self, outputs: Outputs, varied: int, row_of: NDArray[Any], what: str) -> None:
        """Where one feature changes, the contributions of all others stay those of the base rows."""
        difference = np.delete(outputs[CONTRIBUTIONS] - self._base[row_of], varied, axis=1)
        require(largest(difference), MAX_MARGIN_DIFF, "contribution of an unchanged feature", what)

    def _scale(self, explained: Explained) -> NDArray[np.float64]:
        """(n,): how many times MAX_MARGIN_DIFF is allowed where log-odds have not that many digits."""
        extent = np.maximum(
            np.abs(explained.margin), np.abs(explained.contributions).max(axis=1, initial=0.0)
        )
        scale = np.maximum(1.0, extent / DIGITS_LAST_TO)
        if self._reference.from_probability:
            held = np.clip(explained.probability, CERTAIN, 1 - CERTAIN)
            digits = self._reference.probability_digits
            scale = np.maximum(scale, digits / MAX_MARGIN_DIFF / (held * (1 - held)))
        return np.asarray(scale)
