"""What the tests of evaluation share."""

from __future__ import annotations

import pytest

from tests.training.evaluation.studies import study_of
from tests.training.tables import shop_table
from training.evaluation.evaluate import Study


@pytest.fixture(scope="session")
def study() -> Study:
    """Of 300 customers."""
    return study_of(shop_table(300))
