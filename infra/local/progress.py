"""How far the companions have got, kept in a file so that starting them again repeats next to nothing.

Without it they would read the stream from its start again: harmless to the table, but every metric and
every rejected record would count twice.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from infra.local.state import write_whole


@dataclass(frozen=True, slots=True)
class Progress:
    """Everything up to here has been done; what came after may have been done too."""

    checkpoints: dict[str, str] = field(default_factory=dict)  # shard id to sequence number
    metrics_until: int = 0  # epoch milliseconds of the newest log line whose metrics are published


def progress_file(state_dir: Path) -> Path:
    """Where the progress of one local stage is written."""
    return state_dir / "progress.json"


def write_progress(state_dir: Path, progress: Progress) -> None:
    """Replace what was written before."""
    write_whole(progress_file(state_dir), json.dumps(asdict(progress)) + "\n")


def read_progress(state_dir: Path) -> Progress:
    """The progress last written; none at all where there is no file or it makes no sense."""
    try:
        return Progress(**json.loads(progress_file(state_dir).read_text()))
    except (OSError, ValueError, TypeError):
        return Progress()
