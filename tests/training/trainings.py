"""Trainings that many tests look at."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from tests.training.tables import SHOP, Row, shop_rows
from training.data.dataset import table_from_rows
from training.export import parity
from training.result import TrainedModel
from training.workflow import train

SEVERAL = ("logistic", "logistic_bins", "decision_tree", "vote")


@dataclass
class Watched:
    """A training, and every step of progress that it told."""

    steps: list[tuple[int, int, str]] = field(default_factory=list)
    model: TrainedModel = field(init=False)


def bent_rows(count: int = 400) -> list[Row]:
    """Customers who leave when they are new, and again when they have long been there: no straight line."""
    random = np.random.default_rng(1)
    return [
        {**row, "left": "yes" if random.random() < (0.9 if abs(row["months"] - 30) > 15 else 0.1) else "no"}
        for row in shop_rows(count)
    ]


def train_several() -> Watched:
    """Two linear candidates, a tree and their vote on bent rows."""
    watched = Watched()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parity, "FUZZ_ROWS", 1_000)  # the gate has tests of its own
        watched.model = train(
            table_from_rows(bent_rows(), SHOP, "bent"),
            SHOP,
            candidates=SEVERAL,
            jobs=1,
            on_progress=lambda *step: watched.steps.append(step),
        )
    return watched
