"""A registry over an S3 of the test's own."""

from __future__ import annotations

import pytest

from tests.training.registry.fake_s3 import FakeS3
from training.registry.registry import Registry


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def registry(s3: FakeS3) -> Registry:
    return Registry(s3, "bucket", "shop")
