"""The folder list is the path of the data: imports run one way, and the Lambda stays small."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Who may import whom among our own packages. Siblings never do, so each can be read and replaced alone.
MAY_IMPORT: dict[str, set[str]] = {
    "contract": set(),
    "producer": {"contract"},
    "scorer": {"contract"},
    "training": {"contract"},
    "infra": {"contract"},
    "loadtest": {"contract", "producer", "scorer", "training"},
    "cli": {"contract", "producer", "scorer", "training", "infra", "loadtest"},
}
# What is started from outside, so that it reads the environment and may import all that the command line may:
# Locust starts its locustfile itself, also in the processes of its workers, and no command of ours does.
STARTED_BY_OTHERS = {"loadtest/locustfile.py"}
# Third-party modules the zip holds; anything else imported by the handler would fail only on AWS.
LAMBDA_MODULES = {"aws_lambda_powertools", "boto3", "botocore", "msgspec", "numpy", "onnxruntime", "urllib3"}
# Parts of scorer/ that only the command line uses: in the folder, never on the handler's import path.
READ_SIDE = {"scorer.read", "scorer.objects", "scorer.erasure"}


def imports_of(path: Path, *, only_at_import_time: bool = False) -> Iterator[str]:
    """Absolute names of all modules a file imports."""
    tree = ast.parse(path.read_text(), str(path))
    typing_only = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if only_at_import_time and id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the package's name"
            assert node.module
            yield node.module


def modules_of(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(package: str) -> None:
    """No module imports a package that comes after its own in the path of the data."""
    for path in modules_of(package):
        place = "cli" if str(path.relative_to(ROOT)) in STARTED_BY_OTHERS else package
        allowed = MAY_IMPORT[place] | {place}
        ours = {name.split(".")[0] for name in imports_of(path)} & set(MAY_IMPORT)
        assert ours <= allowed, f"{path.relative_to(ROOT)} imports {sorted(ours - allowed)}"


# The rooms of training/, in the order of the data: each may import itself and the earlier ones it names.
TRAINING_ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "wording": set(),
    "data": {"errors", "wording"},
    "models": {"errors", "wording", "data"},
    "evaluation": {"errors", "wording", "data", "models"},
    "export": {"errors", "wording", "data", "models"},
    "result": {"data", "models", "evaluation"},
    "describe_model": {"data", "models", "evaluation", "export"},
    "workflow": {"errors", "data", "models", "evaluation", "export", "result", "describe_model"},
    "registry": {"errors", "wording", "data", "models", "evaluation", "export", "result"},
    "report": {"errors", "wording", "data", "models", "evaluation", "export", "result"},
    "tracking": {"errors", "wording", "data", "evaluation", "result"},
}


@pytest.mark.parametrize("room", TRAINING_ROOMS)
def test_training_is_rooms_in_a_row(room: str) -> None:
    """Data knows nothing of models, and neither the registry nor the report of the workflow."""
    inside = [ROOT / "training" / f"{room}.py", *(ROOT / "training" / room).rglob("*.py")]
    for path in filter(Path.exists, inside):
        reached = {name.split(".")[1] for name in imports_of(path) if name.startswith("training.")} - {room}
        assert reached <= TRAINING_ROOMS[room], f"{path.relative_to(ROOT)} imports {sorted(reached)}"


def test_every_room_of_training_has_its_place() -> None:
    """A new module or folder is put into the row above, or this fails."""
    found = {path.stem for path in (ROOT / "training").iterdir() if not path.name.startswith("__")}
    assert found == set(TRAINING_ROOMS)


def handler_closure() -> set[Path]:
    """Every file of ours that importing the Lambda handler runs."""
    reached: set[Path] = set()
    waiting = [ROOT / "scorer" / "handler.py"]
    while waiting:
        path = waiting.pop()
        if path in reached or not path.exists():
            continue
        reached.add(path)
        for name in imports_of(path, only_at_import_time=True):
            if name.split(".")[0] in MAY_IMPORT:
                waiting += [
                    ROOT / f"{name.replace('.', '/')}.py",
                    ROOT / name.replace(".", "/") / "__init__.py",
                ]
    return reached


def test_the_handler_imports_only_what_the_zip_holds() -> None:
    """All that the handler pulls in is ours, the standard library, or in the Lambda's lock."""
    files = handler_closure()
    assert len(files) > 5
    for path in files:
        for name in imports_of(path, only_at_import_time=True):
            top = name.split(".")[0]
            known = top in sys.stdlib_module_names or top in {"contract", "scorer"} | LAMBDA_MODULES
            assert known, f"{path.relative_to(ROOT)} imports {name}, which is not in the Lambda zip"
            is_lean = not any(f"{name}.".startswith(f"{side}.") for side in READ_SIDE)
            assert is_lean, f"{path.relative_to(ROOT)} pulls the read side into the Lambda"


def test_inside_the_scorer_imports_run_from_handler_to_leaves() -> None:
    """handler → batch → leaves: no leaf imports batch or handler, and batch never imports handler."""
    for path in modules_of("scorer"):
        names = set(imports_of(path))
        if path.name != "handler.py":
            assert "scorer.handler" not in names, path
        if path.name not in {"handler.py", "batch.py"}:
            assert "scorer.batch" not in names, path


def test_only_entry_points_read_the_environment() -> None:
    """Environment variables are read in settings, the CLI and the local companions' entry, nowhere else."""
    allowed = {"scorer/settings.py", "scorer/handler.py", *STARTED_BY_OTHERS}
    for package in ("contract", "producer", "scorer", "training", "loadtest"):
        for path in modules_of(package):
            if str(path.relative_to(ROOT)) not in allowed:
                reads = re.search(r"\bos\.environ|\bgetenv|import environ", path.read_text())
                assert not reads, f"{path.relative_to(ROOT)} reads the environment"


def test_locks_carry_hashes_and_no_index() -> None:
    """Every lock pins by hash and names no index, so that it works with any mirror."""
    locks = sorted((ROOT / "requirements").glob("*.lock"))
    assert len(locks) == 7
    for lock in locks:
        text = lock.read_text()
        assert "--hash=sha256:" in text
        assert "://" not in text, lock.name
        assert "--index-url" not in text
    for lock in (ROOT / "package-lock.json", ROOT / "requirements" / "serverless3" / "package-lock.json"):
        text = lock.read_text()
        assert '"integrity": "sha512-' in text
        assert '"resolved"' not in text
