"""The file by which commands find the running local stage."""

import json
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.errors import StageError
from infra.local import processes
from infra.local.client_settings import (
    ClientArguments,
    clean_environment,
    client_arguments,
    client_environment,
)

COMPANIONS_MODULE = "infra.local.companions"  # in the command line of the companions' process
COMPANIONS_READY = "reading the stream"  # what they log once they work


@dataclass(frozen=True, slots=True)
class LocalStage:
    """A stack deployed on an embedded AWS that runs on this machine."""

    endpoint_url: str
    region: str
    stack: str
    stream: str
    table: str
    bucket: str
    function: str
    mapping_id: str
    dashboard: str
    schema: str
    pids: dict[str, int]  # "ministack", and "companions" once they have been started
    stage: str = "local"
    topic: str = ""  # ARN; empty where an earlier version of this code wrote the state
    parameters: dict[str, str] = field(default_factory=dict)  # that override infra/resources/parameters.yml

    @property
    def port(self) -> int:
        """Where the embedded AWS listens."""
        return int(self.endpoint_url.rsplit(":", 1)[1])

    @property
    def is_reading(self) -> bool:
        """Whether the event source runs; without it events stay unscored on the stream until `up`."""
        pid = self.pids.get("companions")
        return pid is not None and processes.is_running(pid, COMPANIONS_MODULE)

    def environment(self) -> dict[str, str]:
        """The variables to set so that any client reaches this stage; see `apply_to` for what to remove."""
        return client_environment(self.endpoint_url)

    def apply_to(self, environ: MutableMapping[str, str]) -> None:
        """Make every client that follows `environ` (such as os.environ) talk to this stage only."""
        clean = clean_environment(environ, self.endpoint_url)
        for name in set(environ) - set(clean):
            del environ[name]
        environ.update(clean)

    def client_arguments(self) -> ClientArguments:
        """Endpoint, region and credentials as keyword arguments of `boto3.client`."""
        return client_arguments(self.endpoint_url)


def state_file(state_dir: Path) -> Path:
    """Where the state of one local stage is written."""
    return state_dir / "state.json"


def write_state(state_dir: Path, stage: LocalStage) -> None:
    """Write the state so that a reader sees all of it or none."""
    write_whole(state_file(state_dir), json.dumps(asdict(stage), indent=2) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Replace the file at once, so that no reader sees half of it."""
    partial = path.with_suffix(".part")
    partial.write_text(text)
    partial.replace(path)


def read_state(state_dir: Path) -> LocalStage | None:
    """The state as last written, whether or not its processes still run; None when there is none.

    Raises StageError where `state_dir` cannot be a folder of a stage.
    """
    try:
        return LocalStage(**json.loads(state_file(state_dir).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    except OSError as error:
        raise unusable(state_dir, error) from None


def unusable(state_dir: Path, error: OSError) -> StageError:
    """What to say of a state directory that cannot be read or written."""
    return StageError(
        f"cannot keep the local stage in {state_dir}: {error.strerror}; "
        "set CHURN_LOCAL_DIR to a folder that can be written, or unset it"
    )
