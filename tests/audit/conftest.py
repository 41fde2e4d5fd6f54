"""Others' opinion of the template: checkov, and Serverless Framework 3. `make audit` installs both."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.conftest import render, service

__all__ = ["render", "service"]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Only where this folder is named, as `make audit` does: `make test` downloads neither."""
    return None if any("tests/audit" in argument for argument in config.args) else True
