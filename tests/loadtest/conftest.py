"""What the tests of the comparison share."""

from __future__ import annotations

import pytest

from loadtest.compare.contest import train_model
from tests.once import Once
from training.data import splits
from training.export import parity
from training.result import TrainedModel

ROWS = 400


@pytest.fixture(scope="session")
def telco_model(once: Once) -> TrainedModel:
    """The comparison's model, from few customers, five folds and few fuzz rows."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(splits, "REPEATS", 1)
        patch.setattr(parity, "FUZZ_ROWS", 500)
        found: TrainedModel = once("telco", lambda: train_model(ROWS))
    return found
