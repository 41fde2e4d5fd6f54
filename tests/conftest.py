"""Fixtures that every folder's tests share."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from infra.local.stage import LocalStage, local_stage

TESTS = Path(__file__).resolve().parent


class OneEmulator(LoadScopeScheduling):
    """Files are handed out whole, and all that need the embedded AWS go to one worker, which starts one.

    `--dist loadgroup` is meant for this, but has no effect with the current pytest.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return "emulator" if file in _files_that_need_the_emulator() else file


@functools.cache
def _files_that_need_the_emulator() -> frozenset[str]:
    files = TESTS.rglob("test_*.py")
    return frozenset(str(f.relative_to(TESTS.parent)) for f in files if "mark.emulator" in f.read_text())


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneEmulator:
    """Called by pytest-xdist where tests run on several workers."""
    return OneEmulator(config, log)


@pytest.fixture(scope="session")
def local_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's local stage keeps its state."""
    return tmp_path_factory.mktemp("local-aws")


@pytest.fixture(scope="session")
def local_aws(local_directory: Path) -> Iterator[LocalStage]:
    """The stack of serverless.yml deployed on an embedded AWS of this test session's own."""
    with local_stage(local_directory) as stage:
        yield stage
