"""The whole of `churn publish`: read, send, and account for every event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from producer.edge import Invalid, Ready
from producer.errors import RejectsFileError, SourceError
from producer.publisher import Publisher
from producer.rejects import RejectsFile
from producer.run import Progress, Run
from producer.stopping import Interrupts


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Where every event read has ended: `read == published + refused + invalid`.

    `refused` and `invalid` events are in `rejects_file`, which is None where there were none; `reasons` are
    the most frequent of the invalid ones, with their counts. `interrupted` means Ctrl-C, and `failure` says
    in one line what broke: the stream, the source or the rejects file. Every event up to `last_line` of the
    source is either on the stream or in the rejects file; unless `complete`, publishing goes on after it.
    """

    read: int
    published: int
    refused: int
    invalid: int
    seconds: float
    events_per_second: float
    rejects_file: Path | None
    reasons: Mapping[str, int]
    last_line: int
    complete: bool
    interrupted: bool
    failure: str | None


def publish_all(
    source: Iterable[Ready | Invalid],
    publisher: Publisher,
    *,
    rejects_path: Path,
    on_progress: Callable[[Progress], object] = lambda _: None,
) -> PublishResult:
    """Send every valid event of a source through a publisher, which stays open.

    Ctrl-C stops reading and sends what was read; a second one stops sending too. `on_progress` is called
    about ten times a second and once at the end. Raises RejectsFileError only before anything is sent.
    """
    started = time.monotonic()
    with RejectsFile(rejects_path) as rejects, Interrupts() as interrupts:
        run = Run(publisher, rejects, on_progress)
        try:
            run.send_each(interrupts.until_asked(source))
        except (SourceError, RejectsFileError) as error:
            run.fail(error)
        except KeyboardInterrupt:
            interrupts.asked = True
        run.finish(settle=interrupts.settle)
    seconds = time.monotonic() - started
    progress = run.progress()
    return PublishResult(
        **asdict(progress),
        seconds=seconds,
        events_per_second=progress.published / seconds if seconds else 0.0,
        rejects_file=rejects.path,
        reasons=run.reasons,
        last_line=run.last_line,
        complete=interrupts.exhausted and run.all_noted,
        interrupted=interrupts.asked,
        failure=run.failure,
    )
