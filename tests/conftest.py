"""Fixtures that every folder's tests share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.stage import LocalStage, local_stage

ROOT = Path(__file__).resolve().parent.parent
TELCO_CSV = ROOT.parent / "shared" / "data" / "telco-customer-churn.csv"

Churn = Callable[..., "subprocess.CompletedProcess[str]"]


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


@pytest.fixture
def run_churn(tmp_path: Path) -> Churn:
    """Run `churn` as a person would: its own process, in an empty directory, without AWS settings."""

    def run(*arguments: str, directory: Path, stdin: str = "", **settings: Any) -> Any:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments],
            cwd=settings.get("cwd", tmp_path),
            env={**inherited, "CHURN_LOCAL_DIR": str(directory), **settings.get("environment", {})},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
