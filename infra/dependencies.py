"""The Lambda zip's dependencies: installed for the target machine, pruned, compiled and kept as one zip."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from infra.errors import BuildError
from infra.paths import BUILD, LAMBDA_LOCK
from infra.reproducible_zip import add_tree

# pip does not expand manylinux tags downwards, so every accepted one is listed, newest first.
GLIBC_TAGS = ("manylinux_2_28", "manylinux_2_17", "manylinux2014")
MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}

KEPT_SERVICES = ("dynamodb", "s3", "sts")  # botocore's models of services the scorer calls

# Measured with onnxruntime 1.31.1 and numpy 2.4.6; tests/infra imports and runs what is left.
PRUNED = (
    "bin",
    "*/__pycache__",
    "*.dist-info/RECORD",
    "*.dist-info/INSTALLER",
    "*.dist-info/REQUESTED",
    "*.dist-info/sboms",
    "*.pyi",
    "*.pxd",
    "*.h",
    "*.a",
    # onnxruntime: its Python extension has the runtime built in; these are for converting and training
    "onnxruntime/capi/libonnxruntime.so*",
    "onnxruntime/ThirdPartyNotices.txt",
    "onnxruntime/backend",
    "onnxruntime/datasets",
    "onnxruntime/quantization",
    "onnxruntime/tools",
    "onnxruntime/transformers",
    # imported only by the parts of onnxruntime removed above
    "flatbuffers*",
    "google",
    "packaging*",
    "protobuf-*",
    "numpy/*/tests",
    "numpy/tests",
    "numpy/conftest.py",
    "numpy/distutils",
    "numpy/doc",
    "numpy/f2py",
    "numpy/_pyinstaller",
    "numpy/random/_examples",
    "boto3/examples",
    "aws_lambda_powertools/event_handler/openapi/swagger_ui",
)


@dataclass(frozen=True, slots=True)
class Target:
    """What the zip runs on: a Lambda runtime, or this machine (for an emulator on something else)."""

    python: str
    arch: str
    this_machine: bool = False

    def __post_init__(self) -> None:
        if self.arch not in MACHINES:
            raise BuildError(f"architecture {self.arch!r} is not one of {', '.join(MACHINES)}")
        major, _, minor = self.python.partition(".")
        if major != "3" or not minor.isdigit() or int(minor) < 11:
            raise BuildError(f"Python {self.python!r} is not a version from 3.11 on; write it like 3.13")

    @property
    def name(self) -> str:
        """As it appears in file names; parameters.yml repeats it."""
        return f"py{self.python}-{self.arch}" + (f"-{sys.platform}" if self.this_machine else "")


@dataclass(frozen=True, slots=True)
class Dependencies:
    """A zip of the dependencies, and the interpreter that compiled them, if there was one."""

    archive: Path
    compiler: str | None


def dependencies_for(target: Target, lock: Path = LAMBDA_LOCK) -> Dependencies:
    """Install, prune, compile and zip what `lock` lists; kept under build/ for the same lock and target.

    Raises BuildError with pip's last line.
    """
    compiler = find_compiler(target.python)
    rules = Path(__file__).read_bytes() + lock.read_bytes()
    key = hashlib.sha256(
        rules + repr((target, compiler is not None, platform.platform())).encode()
    ).hexdigest()
    archive = BUILD / "lambda" / "dependencies" / f"{target.name}-{key[:16]}.zip"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as temporary:
            tree = Path(temporary, "tree")
            _install(tree, target, lock)
            _prune(tree)
            compile_tree(tree, compiler)
            partial = Path(temporary, archive.name)
            add_tree(partial, tree)
            partial.replace(archive)
    return Dependencies(archive, compiler)


def find_compiler(python: str) -> str | None:
    """An interpreter of exactly that minor version, whose .pyc files Lambda's accepts; None without one."""
    if python == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    on_path = [Path(folder, f"python{python}") for folder in os.get_exec_path()]
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{python}.*/bin/python{python}"))
    return next((str(found) for found in [*on_path, *pyenv] if _is_python(found, python)), None)


def _is_python(path: Path, python: str) -> bool:
    """Whether it runs and is that version: a version manager's shim may have nothing behind it."""
    if not path.is_file():
        return False
    ask = [str(path), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == python


def compile_tree(tree: Path, compiler: str | None) -> None:
    """Add unchecked-hash .pyc files, which are valid whatever the timestamps in the zip."""
    if compiler is None:
        return
    options = ["--invalidation-mode", "unchecked-hash", "-s", str(tree), "-p", "/var/task"]
    command = [compiler, "-m", "compileall", "-q", *options, str(tree)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # the order of frozenset constants
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(
            f"cannot compile the zip's Python files: {(done.stdout or done.stderr).strip()[-300:]}"
        )


def _install(tree: Path, target: Target, lock: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tree), "--no-compile"]
    command += ["--require-hashes", "--only-binary=:all:", "-r", str(lock)]
    if not target.this_machine:
        command += ["--implementation", "cp", "--python-version", target.python]
        for tag in GLIBC_TAGS:
            command += ["--platform", f"{tag}_{MACHINES[target.arch]}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = errors[-1] if errors else f"pip ended with {done.returncode}"
        raise BuildError(f"cannot install the dependencies for {target.name}: {reason}; check the network")


def _prune(tree: Path) -> None:
    for path in sorted(tree.rglob("*"), reverse=True):
        inside = path.relative_to(tree).as_posix()
        if any(fnmatch(inside, pattern) for pattern in PRUNED) or _is_unused_service(inside):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _is_unused_service(inside: str) -> bool:
    """Whether this is `botocore/data/<service>` or `boto3/data/<service>` of a service not called."""
    parts = inside.split("/")
    is_service = len(parts) == 3 and parts[:2] in (["botocore", "data"], ["boto3", "data"])
    return is_service and "." not in parts[2] and parts[2] not in KEPT_SERVICES
