"""MiniStack, the emulator: installed in an environment of its own and started on a loopback port."""

import hashlib
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from infra.errors import MiniStackError
from infra.local import processes
from infra.local.client_settings import HOST, NO_PROXY_VARIABLES
from infra.paths import MINISTACK_LOCK, MINISTACK_VENV

MARKER = "ministack"  # in the command line of every MiniStack
ENTRY = Path(__file__).with_name("ministack_entry.py")
READY_TIMEOUT_SECONDS = 30.0
FREE_PORT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class MiniStack:
    """A running emulator."""

    pid: int
    port: int

    @property
    def endpoint_url(self) -> str:
        """Where AWS clients connect."""
        return f"http://{HOST}:{self.port}"


def install(venv: Path = MINISTACK_VENV, lock: Path = MINISTACK_LOCK) -> Path:
    """Make sure that `venv` holds exactly what `lock` lists, and return its Python.

    A stamp with the lock's hash makes the second call free. Raises MiniStackError with pip's last line.
    """
    python = venv / "bin" / "python"
    stamp = venv / ".lock-sha256"
    wanted = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    venv.parent.mkdir(parents=True, exist_ok=True)
    _run([sys.executable, "-m", "venv", "--clear", str(venv)])
    _run([str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)])
    stamp.write_text(wanted)
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip() or done.stdout.strip() or "no output").splitlines()[-1]
        raise MiniStackError(
            f"cannot install the embedded AWS: {reason}; check the network, delete {MINISTACK_VENV.name} "
            "under build/ and try again"
        )


def start(python: Path, directory: Path, *, port: int = 0, enforce_iam: bool = False) -> MiniStack:
    """Start MiniStack with its temporary files under `directory` and wait until it answers.

    Port 0 takes a free one. With `enforce_iam` a request needs valid credentials whose role allows it; those
    of `client_arguments` are root's. Raises MiniStackError when a requested port is busy or it does not come
    up.
    """
    if port and not _is_free(port):
        raise MiniStackError(
            f"port {port} is busy: stop what listens there, or leave the port out to take a free one"
        )
    for _ in range(FREE_PORT_ATTEMPTS):
        chosen = port or _free_port()
        pid = _launch(python, directory, chosen, enforce_iam)
        if _answers(pid, chosen):
            return MiniStack(pid=pid, port=chosen)
        processes.stop(pid, MARKER)
        if port:
            break
    raise MiniStackError(f"MiniStack did not come up: {_last_line(directory)}; see {_log(directory)}")


def stop(pid: int) -> bool:
    """Stop a MiniStack by SIGTERM; False when it was not running."""
    return processes.stop(pid, MARKER)


def stop_left_behind(directory: Path) -> bool:
    """Stop the MiniStack last started for `directory`, should it still run; False when none did."""
    try:
        return stop(int(_pid_file(directory).read_text()))
    except (FileNotFoundError, ValueError):
        return False


def is_running(pid: int) -> bool:
    """Whether `pid` is a MiniStack."""
    return processes.is_running(pid, MARKER)


def temporary_files(directory: Path) -> Path:
    """Where MiniStack keeps what may be deleted once it has stopped."""
    return directory / "ministack-tmp"


def _pid_file(directory: Path) -> Path:
    return directory / "ministack.pid"


def _log(directory: Path) -> Path:
    return directory / "ministack.log"


def _last_line(directory: Path) -> str:
    log = _log(directory)
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _launch(python: Path, directory: Path, port: int, enforce_iam: bool) -> int:
    temporary = temporary_files(directory)
    temporary.mkdir(parents=True, exist_ok=True)
    # Started with a short environment: MiniStack hands all of its own to every Lambda function.
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "BIND_HOST": HOST,
        "MINISTACK_HOST": HOST,
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "S3_DATA_DIR": str(temporary / "s3"),
        "LOG_LEVEL": "WARNING",
        "AUTH": str(enforce_iam).lower(),
        "PYTHONUNBUFFERED": "1",
        **dict.fromkeys(NO_PROXY_VARIABLES, HOST),  # a proxy may also come from the system's settings
    }
    command = [str(python), "-P", str(ENTRY)]  # -P: the modules beside it are none of MiniStack's
    pid = processes.start(command, environment=environment, log=_log(directory))
    _pid_file(directory).write_text(str(pid))
    return pid


def _answers(pid: int, port: int) -> bool:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while time.monotonic() < deadline and is_running(pid):
        try:
            with direct.open(f"http://{HOST}:{port}/_ministack/health", timeout=2) as response:
                return bool(response.status == 200 and is_running(pid))
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
