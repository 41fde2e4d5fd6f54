"""The local stage: MiniStack with the stack deployed from serverless.yml, and its companions.

    up(state_dir, schema="telco", port=0, on_progress=print) -> LocalStage
    down(state_dir) -> bool
    status(state_dir) -> LocalStage | None
    with local_stage(state_dir, schema="telco") as stage: ...

Several stages may be up at once, each with a state directory and a port of its own.
"""

import fcntl
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from infra import build
from infra.errors import StageError
from infra.local import deploy as deployment
from infra.local import ministack, processes
from infra.local.client_settings import REGION, client_arguments
from infra.local.state import (
    COMPANIONS_MODULE,
    COMPANIONS_READY,
    LocalStage,
    read_state,
    state_file,
    write_state,
)
from infra.naming import stack_name
from infra.paths import DEFAULT_STATE_DIR, PROJECT

Progress = Callable[[str], None]

COMPANIONS_TIMEOUT_SECONDS = 15.0
NO_PROCESS = 0  # an interrupted `up` may leave a state without companions

__all__ = ["DEFAULT_STATE_DIR", "LocalStage", "down", "local_stage", "status", "up"]


def up(
    state_dir: Path = DEFAULT_STATE_DIR,
    *,
    schema: str = "telco",
    port: int = 0,
    parameters: dict[str, str] | None = None,
    artifact: Path | None = None,
    on_progress: Progress | None = None,
) -> LocalStage:
    """Bring the stage up and return it; one that is already up with this schema is returned as it is.

    Port 0 takes a free one. `parameters` override those of infra/resources/parameters.yml, `artifact` the
    built zip. Raises InfraError with one clear line (busy port, another schema up, failed deployment, …)
    and leaves nothing running then.
    """
    say = on_progress or (lambda _line: None)
    with _only_one(state_dir):
        return _up(state_dir, schema, port, parameters, artifact, say)


def _up(
    state_dir: Path,
    schema: str,
    port: int,
    parameters: dict[str, str] | None,
    artifact: Path | None,
    say: Progress,
) -> LocalStage:
    running = status(state_dir)
    if running is not None:
        if running.schema != schema:
            raise StageError(
                f"the local stage is up with schema {running.schema}, not {schema}: "
                "run `churn local down` first"
            )
        return running
    stack_name(schema, deployment.STAGE)  # a name that cannot be deployed fails before anything starts
    directory = _fresh(state_dir)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The zip and the emulator need nothing of each other.
        zipped = pool.submit(lambda: artifact or build.build_for_this_machine().path)
        say("starting the embedded AWS")
        emulator = ministack.start(ministack.install(), directory, port=port)
        try:
            say("building the Lambda zip")
            path = zipped.result()
            say("deploying serverless.yml")
            deployment.deploy(
                path, directory, schema=schema, endpoint_url=emulator.endpoint_url, parameters=parameters
            )
            stage = _describe(emulator, schema)
            say("starting the event source")
            return _with_companions(stage, directory)
        except BaseException:
            ministack.stop(emulator.pid)
            raise


def down(state_dir: Path = DEFAULT_STATE_DIR) -> bool:
    """Stop the stage and forget its data; False when it was not up."""
    stage = read_state(state_dir)
    if stage is None:
        return ministack.stop_left_behind(state_dir)
    stopped = [
        processes.stop(stage.pids.get("companions", NO_PROCESS), COMPANIONS_MODULE),
        ministack.stop(stage.pids["ministack"]),
    ]
    state_file(state_dir).unlink(missing_ok=True)
    shutil.rmtree(state_dir / "tmp", ignore_errors=True)
    return any(stopped)


def status(state_dir: Path = DEFAULT_STATE_DIR) -> LocalStage | None:
    """The stage when it is up; None, after clearing away what is left of it, when it is not."""
    stage = read_state(state_dir)
    if stage is None:
        return None
    if ministack.is_running(stage.pids["ministack"]) and processes.is_running(
        stage.pids.get("companions", NO_PROCESS), COMPANIONS_MODULE
    ):
        return stage
    down(state_dir)
    return None


@contextmanager
def local_stage(
    state_dir: Path,
    *,
    schema: str = "telco",
    parameters: dict[str, str] | None = None,
    artifact: Path | None = None,
) -> Iterator[LocalStage]:
    """A stage that is up inside the `with` and gone after it."""
    stage = up(state_dir, schema=schema, parameters=parameters, artifact=artifact)
    try:
        yield stage
    finally:
        down(state_dir)


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    """Let a second `up` of the same stage wait for the first, and then find it running."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fresh(state_dir: Path) -> Path:
    ministack.stop_left_behind(state_dir)  # of an `up` that was killed
    for log in ("ministack.log", "companions.log", "deploy.log"):
        (state_dir / log).unlink(missing_ok=True)
    return state_dir.resolve()


def _describe(emulator: ministack.MiniStack, schema: str) -> LocalStage:
    import boto3  # not at the top: `churn --help` imports this module

    arguments = client_arguments(emulator.endpoint_url)
    stack = stack_name(schema, deployment.STAGE)
    outputs = deployment.read_outputs(boto3.client("cloudformation", **arguments), stack)
    deployment.apply_what_the_emulator_drops(boto3.client("dynamodb", **arguments), outputs.table)
    return LocalStage(
        endpoint_url=emulator.endpoint_url,
        region=REGION,
        stack=stack,
        stream=outputs.stream,
        table=outputs.table,
        bucket=outputs.bucket,
        function=outputs.function,
        mapping_id=outputs.mapping_id,
        dashboard=outputs.dashboard,
        schema=outputs.schema,
        pids={"ministack": emulator.pid},
    )


def _with_companions(stage: LocalStage, directory: Path) -> LocalStage:
    write_state(directory, stage)
    log = directory / "companions.log"
    command = [sys.executable, "-m", COMPANIONS_MODULE, "--state", str(directory)]
    pid = processes.start(command, environment=os.environ, log=log, cwd=PROJECT)
    deadline = time.monotonic() + COMPANIONS_TIMEOUT_SECONDS
    while COMPANIONS_READY not in log.read_text():
        if time.monotonic() > deadline or not processes.is_running(pid, COMPANIONS_MODULE):
            processes.stop(pid, COMPANIONS_MODULE)
            state_file(directory).unlink(missing_ok=True)
            raise StageError(f"the event source did not start; see {log}")
        time.sleep(0.05)
    complete = replace(stage, pids={**stage.pids, "companions": pid})
    write_state(directory, complete)
    return complete
