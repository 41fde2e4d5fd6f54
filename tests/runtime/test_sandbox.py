"""The sandbox is Lambda's: what is within reach of the function, and what ends it."""

from __future__ import annotations

import ipaddress
import os
import shutil
import sys
import time
from pathlib import Path

import pytest

from infra.lambda_runtime import LambdaRuntime
from infra.local.stage import LocalStage
from tests.runtime.conftest import MakeFunction
from tests.runtime.kinesis_event import through_kinesis
from tests.scorer.batches import event

pytestmark = pytest.mark.emulator

# Put beside the scorer, to see the process from inside.
PROBE = """
import sys, time
from scorer.handler import handler as scorer

def paths(event, context):
    answer = scorer(event, context)
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    return {"answer": answer, "path": sys.path, "files": [file for file in files if file],
            "stdlib": [sys.base_prefix, sys.base_exec_prefix], "memory": context.memory_limit_in_mb,
            "remaining": context.get_remaining_time_in_millis()}

def sleeps(event, context):
    time.sleep(event["seconds"])
    return "awake"
"""


@pytest.fixture
def probed(task_root: Path, tmp_path: Path) -> Path:
    """The unzipped function with the probe beside it."""
    folder = tmp_path / "task"
    shutil.copytree(task_root, folder, copy_function=os.link)
    (folder / "probe.py").write_text(PROBE)
    return folder


def test_nothing_but_the_runtime_and_the_zip_is_within_reach(
    function: MakeFunction, probed: Path, runtime: LambdaRuntime, local_aws: LocalStage
) -> None:
    """Every module of a scored batch comes from the task root, the runtime or the standard library."""
    invocation = through_kinesis(local_aws, event("rt-probe"))
    with function(task=probed, handler="probe.paths", memory_megabytes=512, timeout_seconds=30) as sandbox:
        seen = sandbox.invoke(invocation)
    assert seen["answer"] == {"batchItemFailures": []}
    assert (seen["memory"], 0 < seen["remaining"] < 30_000) == ("512", True)
    venv = runtime.python.parent.parent
    standard = [f"{prefix}/lib/python{runtime.version}" for prefix in seen["stdlib"]]
    zipped = [f"{prefix}/lib/python{runtime.version.replace('.', '')}.zip" for prefix in seen["stdlib"]]
    site_packages = str(venv / "lib" / f"python{runtime.version}" / "site-packages")
    allowed = {str(probed), site_packages, *standard, *zipped, *(f"{path}/lib-dynload" for path in standard)}
    assert seen["path"][0] == str(probed)
    assert set(seen["path"]) <= allowed
    inside = (f"{probed}/", f"{site_packages}/", *(f"{path}/" for path in standard))
    strangers = [file for file in seen["files"] if not file.startswith(inside) or "/dist-packages/" in file]
    assert strangers == []
    from_runtime = {Path(f).relative_to(site_packages).parts[0] for f in seen["files"] if site_packages in f}
    assert {name.partition(".")[0] for name in from_runtime} <= {
        "awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py",
    }  # fmt: skip


def test_the_function_ends_at_its_timeout(function: MakeFunction, probed: Path) -> None:
    """The emulator enforces what serverless.yml sets, and the next invocation finds a fresh sandbox."""
    with function(task=probed, handler="probe.sleeps", timeout_seconds=2) as sandbox:
        started = time.monotonic()
        told = sandbox.invoke_text({"seconds": 30})
        assert "Task timed out after 2.00 seconds" in told
        assert 2 <= time.monotonic() - started < 10
        assert sandbox.invoke({"seconds": 0}) == "awake"


def test_the_runtime_has_no_packages_but_its_own(runtime: LambdaRuntime) -> None:
    """Neither pip nor the SAM CLI stays behind, so no import of the function can end there."""
    (site_packages,) = runtime.python.parent.parent.glob("lib/python*/site-packages")
    found = {path.name.partition(".")[0] for path in site_packages.iterdir()}
    named = {name for name in found if "-" not in name} - {"__pycache__"}  # not the versions' folders
    assert named == {"awslambdaric", "runtime_client", "simplejson", "snapshot_restore_py"}


def test_the_emulator_is_not_reachable_from_outside(function: MakeFunction) -> None:
    """It takes anyone's invocations, and by default listens on every address of the machine."""
    with function() as sandbox:
        sandbox.invoke({"Records": []})
        assert {listens_at(port) for port in sandbox.ports} == {"127.0.0.1"}


def listens_at(port: int) -> str:
    """The local address of what listens on a port, as the kernel has it: hexadecimal, in the host's order."""
    tables = [Path(name).read_text() for name in ("/proc/net/tcp", "/proc/net/tcp6")]
    rows = [line.split() for table in tables for line in table.splitlines()]
    (local,) = (row[1] for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}"))
    return str(ipaddress.ip_address(int.from_bytes(bytes.fromhex(local.partition(":")[0]), sys.byteorder)))
