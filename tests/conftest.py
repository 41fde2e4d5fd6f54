"""Fixtures that every folder's tests share."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from infra.local.stage import LocalStage, local_stage
from tests.once import Once, once_in

if TYPE_CHECKING:
    from training.result import TrainedModel

# How long an example takes depends on what else the machine does; `make bench` measures speed.
settings.register_profile("churn", deadline=None)
settings.load_profile("churn")

TESTS = Path(__file__).resolve().parent
# The files that take longest, after those that need the embedded AWS: begun early, no worker ends with one.
LONGEST = ("test_figures.py", "test_large_table.py", "test_tracking.py")


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
    config.option.loadscopereorder = False  # as collected, not by the number of tests in a file
    return OneEmulator(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Longest first; the order within a file stays."""
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.get_closest_marker("emulator"):
        return 0
    return 1 + (LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """Makes what is dear once for all workers: `once("name", make)`."""
    return once_in(tmp_path_factory)


@pytest.fixture(scope="session")
def trained(once: Once) -> TrainedModel:
    """A model of the shop's customers: `logistic_bins` alone, with the baselines."""
    from tests.training.tables import SHOP, shop_table
    from training.workflow import train

    found: TrainedModel = once("trained", lambda: train(shop_table(), SHOP, candidates=["logistic_bins"]))
    return found


@pytest.fixture(scope="session")
def local_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's local stage keeps its state."""
    return tmp_path_factory.mktemp("local-aws")


@pytest.fixture(scope="session")
def local_aws(local_directory: Path) -> Iterator[LocalStage]:
    """The stack of serverless.yml deployed on an embedded AWS of this test session's own."""
    with local_stage(local_directory) as stage:
        yield stage
