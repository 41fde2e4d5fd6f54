"""LightGBM with thresholds that are float32 exactly. Apart from single_precision.py: it imports lightgbm."""

from __future__ import annotations

import re
from typing import Any, Self

import numpy as np
from lightgbm import Booster, LGBMClassifier

from training.models.single_precision import floor_to_float32

THRESHOLDS = re.compile(r"^threshold=(.+)$", re.MULTILINE)
TREE_SIZES = re.compile(r"^tree_sizes=.*\n", re.MULTILINE)  # in bytes; without them LightGBM looks for itself


class SinglePrecisionLightGBM(LGBMClassifier):
    """LightGBM's classifier with floored thresholds; on float32 columns no prediction changes."""

    def fit(self, X: Any, y: Any, **given: Any) -> Self:  # type: ignore[override]  # noqa: N803
        """As inherited."""
        super().fit(X, y, **given)
        grown = self.booster_.model_to_string()
        floored = THRESHOLDS.sub(lambda line: f"threshold={_floored(line[1])}", TREE_SIZES.sub("", grown))
        self._Booster = Booster(model_str=floored)
        return self


def _floored(thresholds: str) -> str:
    values = np.array(thresholds.split(), dtype=np.float64)
    return " ".join(repr(float(value)) for value in floor_to_float32(values))
