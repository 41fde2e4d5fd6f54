"""The file by which commands find the running local stage."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from infra.local.client_settings import ClientArguments, client_arguments, client_environment

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
    pids: dict[str, int]  # "ministack" and "companions"
    stage: str = "local"

    def environment(self) -> dict[str, str]:
        """The standard AWS variables with which any client reaches this stage."""
        return client_environment(self.endpoint_url)

    def client_arguments(self) -> ClientArguments:
        """The same as keyword arguments of `boto3.client`."""
        return client_arguments(self.endpoint_url)


def state_file(state_dir: Path) -> Path:
    """Where the state of one local stage is written."""
    return state_dir / "state.json"


def write_state(state_dir: Path, stage: LocalStage) -> None:
    """Write the state so that a reader sees all of it or none."""
    partial = state_file(state_dir).with_suffix(".part")
    partial.write_text(json.dumps(asdict(stage), indent=2) + "\n")
    partial.replace(state_file(state_dir))


def read_state(state_dir: Path) -> LocalStage | None:
    """The state as last written, whether or not its processes still run; None when there is none."""
    try:
        return LocalStage(**json.loads(state_file(state_dir).read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
