"""What is dear to make is made once in a test run, however many workers ask for it."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest

T = TypeVar("T")
Once: TypeAlias = Callable[[str, Callable[[], Any]], Any]


def once_in(factory: pytest.TempPathFactory) -> Once:
    """A function that gives what `make` makes: `once(name, make)`, pickled for the run's other workers."""
    folder = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # the one that all workers of this run share

    def once(name: str, make: Callable[[], T]) -> T:
        made = folder / f"{name}.pickle"
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not made.exists():
                _write_whole(made, pickle.dumps(make()))
            found: T = pickle.loads(made.read_bytes())  # noqa: S301 - written by this run
        return found

    return once


def _write_whole(path: Path, content: bytes) -> None:
    path.with_suffix(".part").write_bytes(content)
    path.with_suffix(".part").replace(path)
