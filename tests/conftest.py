"""Fixtures that every folder's tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.stage import LocalStage, local_stage


@pytest.hookimpl(tryfirst=True)  # before xdist writes the groups into the ids
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests of the emulator on one worker (with `--dist loadgroup`), so that one emulator serves all."""
    for item in items:
        if item.get_closest_marker("emulator"):
            item.add_marker(pytest.mark.xdist_group("emulator"))


@pytest.fixture(scope="session")
def local_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's local stage keeps its state."""
    return tmp_path_factory.mktemp("local-aws")


@pytest.fixture(scope="session")
def local_aws(local_directory: Path) -> Iterator[LocalStage]:
    """The stack of serverless.yml deployed on an embedded AWS of this test session's own."""
    with local_stage(local_directory) as stage:
        yield stage
