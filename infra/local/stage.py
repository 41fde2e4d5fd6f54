"""The local stage: MiniStack with the stack deployed from serverless.yml, and its companions.

    up(state_dir, schema="telco", port=0, on_progress=print) -> LocalStage
    down(state_dir) -> bool
    status(state_dir) -> LocalStage | None
    with local_stage(state_dir, schema="telco") as stage: ...

Several stages may be up at once, each with a state directory and a port of its own.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from infra import build
from infra.errors import StageError
from infra.local import companions_process, ministack
from infra.local import deploy as deployment
from infra.local.client_settings import REGION, client_arguments, isolated_session
from infra.local.progress import progress_file
from infra.local.state import LocalStage, read_state, state_file, unusable
from infra.naming import stack_name
from infra.paths import DEFAULT_STATE_DIR

Say = Callable[[str], None]

__all__ = ["DEFAULT_STATE_DIR", "LocalStage", "down", "local_stage", "status", "up"]


def up(
    state_dir: Path = DEFAULT_STATE_DIR,
    *,
    schema: str = "telco",
    port: int = 0,
    parameters: dict[str, str] | None = None,
    artifact: Path | None = None,
    enforce_iam: bool = False,
    on_progress: Say | None = None,
) -> LocalStage:
    """Bring the stage up and return it; one that is already up with this schema is returned as it is.

    Where only the event source has died, it alone is started again and goes on where it stopped. Port 0
    takes a free one. `parameters` override those of infra/resources/parameters.yml, `artifact` the built
    zip. With `enforce_iam` the function may do what its role allows and nothing else. Raises InfraError with
    one clear line (busy port, another schema or port up, failed deployment, …); what was not up before is not
    left running then.
    """
    say = on_progress or (lambda _line: None)
    with _only_one(state_dir):
        return _up(state_dir, schema, port, parameters, artifact, enforce_iam, say)


def _up(
    state_dir: Path,
    schema: str,
    port: int,
    parameters: dict[str, str] | None,
    artifact: Path | None,
    enforce_iam: bool,
    say: Say,
) -> LocalStage:
    running = status(state_dir)
    if running is not None:
        return _rejoin(running, state_dir, schema, port, parameters or {}, say)
    stack_name(schema, deployment.STAGE)  # a name that cannot be deployed fails before anything starts
    directory = _fresh(state_dir)
    with ThreadPoolExecutor(max_workers=1) as pool:
        # The zip and the emulator need nothing of each other.
        zipped = pool.submit(lambda: artifact or build.build_for_this_machine().path)
        try:
            say("starting the embedded AWS")
            emulator = ministack.start(ministack.install(), directory, port=port, enforce_iam=enforce_iam)
            say("building the Lambda zip")
            path = zipped.result()
            say("deploying serverless.yml")
            deployment.deploy(
                path, directory, schema=schema, endpoint_url=emulator.endpoint_url, parameters=parameters
            )
            stage = _describe(emulator, schema, parameters or {})
            say("starting the event source")
            return companions_process.start(stage, directory)
        except BaseException:
            down(directory)
            raise


def _rejoin(
    running: LocalStage, state_dir: Path, schema: str, port: int, parameters: dict[str, str], say: Say
) -> LocalStage:
    if running.schema != schema:
        raise StageError(
            f"the local stage is up with schema {running.schema}, not {schema}: run `churn local down` first"
        )
    if port not in (0, running.port):
        raise StageError(
            f"the local stage is up on port {running.port}, not {port}: "
            "leave the port out to use it as it is, or run `churn local down` first, which forgets its data"
        )
    differing = {name: value for name, value in parameters.items() if running.parameters.get(name) != value}
    if differing:
        asked = ", ".join(f"{name}={value}" for name, value in differing.items())
        raise StageError(
            f"the local stage is up without {asked}: run `churn local down` first, which forgets its data"
        )
    if running.is_reading:
        return running
    say("starting the event source again")
    return companions_process.start(running, state_dir.resolve())


def down(state_dir: Path = DEFAULT_STATE_DIR) -> bool:
    """Stop the stage and forget its data; False when it was not up."""
    stage = read_state(state_dir)
    stopped = (
        [] if stage is None else [companions_process.stop(stage), ministack.stop(stage.pids["ministack"])]
    )
    stopped.append(ministack.stop_left_behind(state_dir))
    state_file(state_dir).unlink(missing_ok=True)
    shutil.rmtree(ministack.temporary_files(state_dir), ignore_errors=True)
    return any(stopped)


def status(state_dir: Path = DEFAULT_STATE_DIR) -> LocalStage | None:
    """The stage when its embedded AWS runs, else None; looking changes nothing.

    Its `is_reading` is False where the event source has died: all can be read, and `up` starts it again.
    """
    stage = read_state(state_dir)
    return stage if stage is not None and ministack.is_running(stage.pids["ministack"]) else None


@contextmanager
def local_stage(
    state_dir: Path,
    *,
    schema: str = "telco",
    parameters: dict[str, str] | None = None,
    artifact: Path | None = None,
    enforce_iam: bool = False,
) -> Iterator[LocalStage]:
    """A stage that is up inside the `with` and gone after it."""
    stage = up(state_dir, schema=schema, parameters=parameters, artifact=artifact, enforce_iam=enforce_iam)
    try:
        yield stage
    finally:
        down(state_dir)


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    """Let a second `up` of the same stage wait for the first, and then find it running."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "up.lock").open("w")
    except OSError as error:
        raise unusable(state_dir, error) from None
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _fresh(state_dir: Path) -> Path:
    down(state_dir)  # what a stage that died, or an `up` that was killed, left behind
    progress_file(state_dir).unlink(missing_ok=True)
    for log in ("ministack.log", "companions.log", "deploy.log"):
        (state_dir / log).unlink(missing_ok=True)
    return state_dir.resolve()


def _describe(emulator: ministack.MiniStack, schema: str, parameters: dict[str, str]) -> LocalStage:
    session = isolated_session()
    arguments = client_arguments(emulator.endpoint_url)
    stack = stack_name(schema, deployment.STAGE)
    outputs = deployment.read_outputs(session.client("cloudformation", **arguments), stack)
    deployment.apply_what_the_emulator_drops(session.client("dynamodb", **arguments), outputs.table)
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
        topic=outputs.topic,
        parameters=parameters,
    )
