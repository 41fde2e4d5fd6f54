"""A function under AWS's runtime interface emulator, on loopback, with the environment that Lambda sets."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.lambda_runtime import LambdaRuntime
from infra.local.client_settings import HOST

START_SECONDS = 10.0
PATIENCE_SECONDS = 60.0


class Function:
    """One sandbox: `with Function(…) as function: function.invoke(event)`."""

    def __init__(
        self,
        runtime: LambdaRuntime,
        task_root: Path,
        log: Path,
        *,
        variables: Mapping[str, str],
        handler: str = "scorer.handler.handler",
        timeout_seconds: int = 60,
        memory_megabytes: int = 1769,
    ) -> None:
        self.stdout, self.stderr = log.with_suffix(".out"), log.with_suffix(".err")
        self.ports = free_port(), free_port()
        self._port, runtime_port = self.ports
        self._task_root = task_root
        # By default the emulator listens on every address of the machine.
        self._command = [
            str(runtime.emulator),
            "--runtime-interface-emulator-address", f"{HOST}:{self._port}",
            "--runtime-api-address", f"{HOST}:{runtime_port}",
            str(runtime.python), "-m", "awslambdaric", handler,
        ]  # fmt: skip
        # Nothing is inherited; the names are those of "Defined runtime environment variables".
        self._environment = {
            "PATH": os.defpath,
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": handler,
            "LAMBDA_TASK_ROOT": str(task_root),
            "LAMBDA_RUNTIME_DIR": str(runtime.python.parent.parent),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{runtime.version}",
            "AWS_LAMBDA_FUNCTION_NAME": "scorer",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_megabytes),
            "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds),
            "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/scorer",
            "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/20/[$LATEST]0",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "PYTHONDONTWRITEBYTECODE": "1",
            **variables,
        }

    def __enter__(self) -> Function:
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self._process = subprocess.Popen(
                self._command, cwd=self._task_root, env=self._environment,
                stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not answers(self._port):
            assert self._process.poll() is None, self.stderr.read_text()
            assert time.monotonic() < deadline, self.stderr.read_text()
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def invoke(self, event: Mapping[str, Any]) -> Any:
        """What Lambda's Invoke returns: the function's answer, or an object with `errorMessage`."""
        text = self.invoke_text(event)
        return json.loads(text)

    def invoke_text(self, event: Mapping[str, Any]) -> str:
        """The same as text: the emulator reports a timeout in plain words."""
        request = urllib.request.Request(
            f"http://{HOST}:{self._port}/2015-03-31/functions/function/invocations",
            data=json.dumps(event).encode(),
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request, timeout=PATIENCE_SECONDS) as response:
                return bytes(response.read()).decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error}; the function said: {self.stdout.read_text()[-2000:]}") from None

    def metrics(self) -> list[dict[str, Any]]:
        """The EMF lines printed so far: what CloudWatch would read from the log group."""
        lines = (line for line in self.stdout.read_text().splitlines() if line.startswith("{"))
        return [found for found in map(json.loads, lines) if "_aws" in found]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0
