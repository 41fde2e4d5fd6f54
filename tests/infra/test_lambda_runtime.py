"""AWS's Lambda runtime: what is refused before anything is installed. What it runs is in tests/runtime/."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

import pytest

from infra.errors import LambdaRuntimeError
from infra.lambda_runtime import EMULATORS, PACKAGE_OF_THE_EMULATOR, install
from infra.paths import RUNTIME_LOCK


@pytest.mark.parametrize(("system", "machine"), [("darwin", "arm64"), ("linux", "riscv64")])
def test_a_machine_that_cannot_run_the_emulator_is_one_line(
    system: str, machine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line says what is needed, what this is, and where to go; nothing is installed."""
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    with pytest.raises(LambdaRuntimeError, match=f"on Linux on x86_64 or aarch64, not on {system}") as raised:
        install(tmp_path / "venv")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "venv").exists()


@pytest.mark.skipif(sys.platform != "linux" or platform.machine() not in EMULATORS, reason="see above")
def test_what_cannot_be_installed_is_one_line_and_tried_again(tmp_path: Path) -> None:
    """pip's last line is told, and no stamp says that all is there."""
    lock = tmp_path / "runtime.lock"
    lock.write_text("awslambdaric==4.2.2\n")  # without a hash
    for _ in range(2):
        with pytest.raises(LambdaRuntimeError, match="cannot install AWS's Lambda runtime: ") as raised:
            install(tmp_path / "venv", lock)
        assert "\n" not in str(raised.value)
    assert not (tmp_path / "venv" / ".lock-sha256").exists()


def test_the_lock_names_the_runtime_and_the_emulator_and_no_more() -> None:
    """The SAM CLI's own dependencies, over a hundred megabytes, are not among it."""
    names = set(re.findall(r"^([\w-]+)==", RUNTIME_LOCK.read_text(), re.MULTILINE))
    assert names == {"awslambdaric", "simplejson", "snapshot-restore-py", PACKAGE_OF_THE_EMULATOR}
