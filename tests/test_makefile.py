"""The two commands say what is missing, in one line, before anything is installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def make(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", directory)
    return subprocess.run(
        ["make", *arguments], cwd=directory, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize("target", ["demo", "test"])
def test_a_python_that_is_too_old_is_one_line(target: str, tmp_path: Path) -> None:
    """The line names what was found, what is needed and what to do; nothing was set up."""
    old = tmp_path / "python3.9"
    old.write_text('#!/bin/sh\n[ "$1" = -V ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = make(tmp_path, target, f"PYTHON={old}")
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert told == [
        f"Python >= 3.11 is needed, {old} is Python 3.9.2: "
        "install a newer one, or name it with make PYTHON=/path/to/python3"
    ]
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all_is_one_line(tmp_path: Path) -> None:
    """So is a machine without any."""
    done = make(tmp_path, "demo", "PYTHON=")
    assert done.returncode != 0
    assert "Python >= 3.11 is needed and none was found" in done.stderr


def test_help_lists_every_target(tmp_path: Path) -> None:
    """`make` alone teaches what there is."""
    done = make(tmp_path)
    for target in ("demo", "test", "lint", "bench", "compare", "package", "deploy", "smoke", "sbom", "clean"):
        assert f"\n{target} " in f"\n{done.stdout}"
