"""AWS's own Lambda runtime for Python and its emulator, without Docker: `python -m infra.lambda_runtime`.

The runtime interface client is a package; the runtime interface emulator is a binary inside another, the SAM
CLI's, of which nothing else is kept.
"""

import hashlib
import platform
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from infra.build import DEFAULT_PYTHON
from infra.dependencies import find_compiler
from infra.errors import LambdaRuntimeError
from infra.paths import RUNTIME_LOCK, RUNTIME_VENV

EMULATORS = {"x86_64": "aws-lambda-rie-x86_64", "aarch64": "aws-lambda-rie-arm64"}
PACKAGE_OF_THE_EMULATOR = "aws-sam-cli"


@dataclass(frozen=True, slots=True)
class LambdaRuntime:
    """What runs a function as Lambda does. `python` has the runtime interface client and nothing else."""

    python: Path
    version: str
    emulator: Path


def install(venv: Path = RUNTIME_VENV, lock: Path = RUNTIME_LOCK) -> LambdaRuntime:
    """Make sure that `venv` holds what `lock` lists, for the default runtime's Python or, without one, ours.

    A stamp with the lock's hash makes the second call free. Raises LambdaRuntimeError with pip's last line,
    or where the machine cannot run the emulator.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in EMULATORS:
        raise LambdaRuntimeError(
            f"AWS's Lambda emulator runs on Linux on {' or '.join(EMULATORS)}, not on {sys.platform} on "
            f"{machine}: run `make test-runtime` in CI or in a container"
        )
    base = find_compiler(DEFAULT_PYTHON) or sys.executable
    version = _output([base, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
    runtime = LambdaRuntime(venv / "bin" / "python", version, venv / "bin" / "aws-lambda-rie")
    stamp = venv / ".lock-sha256"
    wanted = hashlib.sha256(lock.read_bytes() + base.encode() + version.encode()).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        _install(venv, lock, base, runtime, EMULATORS[machine])
        stamp.write_text(wanted)
    return runtime


def _install(venv: Path, lock: Path, base: str, runtime: LambdaRuntime, emulator: str) -> None:
    # Without pip: whatever is installed here could be imported by the function, and hide what the zip lacks.
    _output([base, "-m", "venv", "--clear", "--without-pip", str(venv)])
    pip = [sys.executable, "-m", "pip", "--python", str(runtime.python)]
    _output([*pip, "install", "--quiet", "--no-deps", "--no-compile", "--require-hashes", "-r", str(lock)])
    inside = f"lib/python{runtime.version}/site-packages/samcli/local/rapid/{emulator}"
    (venv / inside).replace(runtime.emulator)
    runtime.emulator.chmod(0o755)
    _output([*pip, "uninstall", "--quiet", "--yes", PACKAGE_OF_THE_EMULATOR])


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise LambdaRuntimeError(f"cannot install AWS's Lambda runtime: {reason}; check the network")
    return done.stdout.strip()


def main() -> int:
    """Entry point: install, and say where the emulator is."""
    try:
        print(install().emulator)
    except LambdaRuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
