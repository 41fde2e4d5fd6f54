"""Run `churn` as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 120
PATIENCE_SECONDS = 40


@dataclass(frozen=True)
class Shell:
    """A directory to type commands in, and where their local stage keeps its state."""

    directory: Path
    local: Path

    def run(self, command: str, *, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        """`churn command` in a process of its own, with no AWS settings but `variables`."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *command.split()],
            cwd=self.directory,
            env={**inherited, "CHURN_LOCAL_DIR": str(self.local), **variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def json(self, command: str, **settings: str) -> Any:
        """The one JSON document of a command that must succeed."""
        done = self.run(f"{command} --json", **settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def json_once(self, command: str, is_there: Any = bool) -> Any:
        """The document of a reading command, asked again until there is something to read."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            done = self.run(f"{command} --json")
            found = json.loads(done.stdout) if done.returncode == 0 else None
            if is_there(found):
                return found
            assert time.monotonic() < deadline, done.stderr or found
