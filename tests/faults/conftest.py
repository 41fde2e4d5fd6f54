"""The deployed code, unzipped once, and a rig for each test."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.build import build_for_this_machine
from infra.local.stage import LocalStage
from tests.faults.plan import Plan
from tests.faults.rig import Rig

MakeRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def task_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Lambda zip as it is built, unzipped as AWS does."""
    directory = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(build_for_this_machine().path) as archive:
        archive.extractall(directory)
    return directory


@pytest.fixture
def make_rig(local_aws: LocalStage, task_root: Path) -> Iterator[MakeRig]:
    """Makes rigs that are gone after the test. A small batch size makes many invocations of few events."""
    made: list[Rig] = []

    def make(plan: Plan | None = None, **mapping: Any) -> Rig:
        made.append(Rig(local_aws, task_root, plan, **({"batch_size": 20} | mapping)))
        return made[-1]

    yield make
    for rig in made:
        rig.close()


@pytest.fixture(scope="module")
def warm_rig(local_aws: LocalStage, task_root: Path) -> Iterator[Rig]:
    """One rig for a file's tests: each publishes more and reads on, and all that came before stays right."""
    rig = Rig(local_aws, task_root, batch_size=100)
    yield rig
    rig.close()
