"""What the tests of training share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.fake_s3 import FakeS3
from tests.training.tables import SHOP, shop_table
from training.data.dataset import Table
from training.registry.registry import Registry
from training.workflow import TrainedModel, train

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def shop() -> Table:
    return shop_table()


@pytest.fixture(scope="session")
def trained(shop: Table) -> TrainedModel:
    return train(shop, SHOP, candidates=["logistic_bins"])


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def registry(s3: FakeS3) -> Registry:
    return Registry(s3, "bucket", "shop")


@pytest.fixture(scope="session")
def telco_csv() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"the Telco table is not on this machine: no folder {DATA}")
    return DATA / "telco-customer-churn.csv"
