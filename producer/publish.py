"""The whole of `churn publish`: read, send, and account for every event."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from producer.edge import Invalid, Ready
from producer.errors import NotPublishedError, SourceError
from producer.kinesis import MAX_RECORDS_PER_REQUEST, Refused
from producer.publisher import Publisher
from producer.rejects import RejectsFile
from producer.stopping import Interrupts

PROGRESS_INTERVAL_SECONDS = 0.1
# A stream that gave up a whole batch's worth and took nothing for so long is down: stop reading the source.
STALLED_SECONDS = 5.0
STALLED_EVENTS = MAX_RECORDS_PER_REQUEST


@dataclass(frozen=True, slots=True)
class Progress:
    """So far: events read, accepted by the stream, refused by it, and never sent because invalid."""

    read: int
    published: int
    refused: int
    invalid: int


@dataclass(frozen=True, slots=True)
class PublishResult:
    """Where every event read has ended: `read == published + refused + invalid`.

    `refused` and `invalid` events are in `rejects_file`, which is None where there were none. `interrupted`
    means Ctrl-C, and `failure` says in one line what broke, the stream or the source; in both cases the
    rest of the source was not read.
    """

    read: int
    published: int
    refused: int
    invalid: int
    seconds: float
    events_per_second: float
    rejects_file: Path | None
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
    about ten times a second and once at the end.
    """
    started = time.monotonic()
    with RejectsFile(rejects_path) as rejects, Interrupts() as interrupts:
        run = _Run(publisher, rejects, on_progress)
        try:
            run.send_each(interrupts.until_asked(source))
        except SourceError as error:
            run.failure = str(error)
        except KeyboardInterrupt:
            interrupts.asked = True
        run.finish()
    seconds = time.monotonic() - started
    progress = run.progress()
    return PublishResult(
        **asdict(progress),
        seconds=seconds,
        events_per_second=progress.published / seconds if seconds else 0.0,
        rejects_file=rejects.path,
        interrupted=interrupts.asked,
        failure=run.failure,
    )


class _Run:
    """One pass over a source, and its account."""

    def __init__(
        self, publisher: Publisher, rejects: RejectsFile, on_progress: Callable[[Progress], object]
    ) -> None:
        self.failure: str | None = None
        self._publisher = publisher
        self._rejects = rejects
        self._on_progress = on_progress
        self._before = publisher.counts
        self._sent = 0
        self._invalid = 0
        self._reported_at = 0.0
        self._why = ""
        self._taken, self._taken_at = self.progress(), time.monotonic()  # when the stream last took something

    def progress(self) -> Progress:
        published, refused = self._publisher.counts
        return Progress(
            read=self._sent + self._invalid,
            published=published - self._before.published,
            refused=refused - self._before.refused,
            invalid=self._invalid,
        )

    def send_each(self, items: Iterable[Ready | Invalid]) -> None:
        """Send or reject item by item, until the stream turns out unusable."""
        for item in items:
            if isinstance(item, Invalid):
                self._rejects.add_invalid(item)
                self._invalid += 1
            else:
                try:
                    self._publisher.send(item.customer_id, item.payload)
                except NotPublishedError as error:
                    self._note(error.refused)
                    self.failure = str(error)
                    return
                self._sent += 1
            if time.monotonic() - self._reported_at >= PROGRESS_INTERVAL_SECONDS:
                self._report()
                if self._is_stalled():
                    self.failure = f"stream {self._publisher.stream_name!r}: takes nothing ({self._why})"
                    self._publisher.abort()
                    return

    def finish(self) -> None:
        """Send what is waiting; after another Ctrl-C give it up instead, so that it ends refused."""
        try:
            self._note(self._publisher.flush())
        except KeyboardInterrupt:
            self._publisher.abort()
            self._note(self._publisher.flush())
        self.failure = self._publisher.failure or self.failure
        self._report()

    def _note(self, refused: Iterable[Refused]) -> None:
        for event in refused:
            self._rejects.add_refused(event)
            self._why = event.reason

    def _report(self) -> None:
        self._note(self._publisher.take_refused())
        progress = self.progress()
        self._on_progress(progress)
        self._reported_at = time.monotonic()
        if progress.published > self._taken.published:
            self._taken, self._taken_at = progress, self._reported_at

    def _is_stalled(self) -> bool:
        given_up = self.progress().refused - self._taken.refused
        return given_up >= STALLED_EVENTS and time.monotonic() - self._taken_at >= STALLED_SECONDS
