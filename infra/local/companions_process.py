"""The companions as a process: started in the background for a stage, and stopped with it."""

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from infra.errors import StageError
from infra.local import processes
from infra.local.client_settings import clean_environment
from infra.local.state import COMPANIONS_MODULE, COMPANIONS_READY, LocalStage, write_state
from infra.paths import PROJECT

TIMEOUT_SECONDS = 60.0  # of a busy machine; one that ends is noticed at once


def start(stage: LocalStage, directory: Path) -> LocalStage:
    """Start them for `stage`, wait until they read the stream, and return the stage with their pid.

    Goes on where earlier ones of the stage stopped. Raises StageError when they do not come up; the stage
    is left as it is then.
    """
    write_state(directory, stage)  # they find the stage there
    log = directory / "companions.log"
    said_before = log.stat().st_size if log.exists() else 0
    command = [sys.executable, "-m", COMPANIONS_MODULE, "--state", str(directory)]
    environment = clean_environment(os.environ, stage.endpoint_url)
    pid = processes.start(command, environment=environment, log=log, cwd=PROJECT)
    # Written before they are ready, so that an `up` killed meanwhile leaves none that nobody knows of.
    complete = replace(stage, pids={**stage.pids, "companions": pid})
    write_state(directory, complete)
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while COMPANIONS_READY.encode() not in log.read_bytes()[said_before:]:
        if time.monotonic() > deadline or not processes.is_running(pid, COMPANIONS_MODULE):
            processes.stop(pid, COMPANIONS_MODULE)
            raise StageError(f"the event source did not start; see {log}")
        time.sleep(0.05)
    return complete


def stop(stage: LocalStage) -> bool:
    """Stop them; False when they were not running."""
    pid = stage.pids.get("companions")
    return pid is not None and processes.stop(pid, COMPANIONS_MODULE)
