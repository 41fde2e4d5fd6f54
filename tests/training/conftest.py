"""What the tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.once import Once
from tests.training.tables import shop_table
from tests.training.trainings import Watched, train_several
from training.data.dataset import Table
from training.result import TrainedModel

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shop() -> Table:
    return shop_table()


@pytest.fixture(scope="session")
def watched(once: Once) -> Watched:
    """A training of several candidates, and the progress that it told."""
    found: Watched = once("several", train_several)
    return found


@pytest.fixture(scope="session")
def several(watched: Watched) -> TrainedModel:
    """`logistic`, `logistic_bins`, `decision_tree` and their `vote`, where a straight line is no good."""
    return watched.model


@pytest.fixture(scope="session")
def telco_csv() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"the Telco table is not on this machine: no folder {DATA}")
    return DATA / "telco-customer-churn.csv"
