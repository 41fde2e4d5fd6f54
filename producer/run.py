"""One pass over a source, and its account."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from producer.edge import Invalid, Ready
from producer.errors import NotPublishedError, ProducerError, RejectsFileError
from producer.kinesis import MAX_RECORDS_PER_REQUEST, Refused
from producer.publisher import Publisher
from producer.rejects import RejectsFile

PROGRESS_INTERVAL_SECONDS = 0.1
# A stream that gave up a whole batch's worth and took nothing for so long is down: stop reading the source.
STALLED_SECONDS = 5.0
STALLED_EVENTS = MAX_RECORDS_PER_REQUEST
MAX_REASONS = 20


@dataclass(frozen=True, slots=True)
class Progress:
    """So far: events read, accepted by the stream, refused by it, and never sent because invalid."""

    read: int
    published: int
    refused: int
    invalid: int


class Run:
    """Sends or rejects item by item; `finish` must follow, whatever happened."""

    def __init__(
        self, publisher: Publisher, rejects: RejectsFile, on_progress: Callable[[Progress], object]
    ) -> None:
        self._publisher = publisher
        self._rejects = rejects
        self._on_progress = on_progress
        self._before = publisher.counts
        self._sent = 0
        self._reasons: Counter[str] = Counter()
        self._last_line = 0
        self._unnoted: deque[Refused] = deque()  # refused, and not in the rejects file yet
        self._broken = self._unwritable = ""
        self._reported_at = 0.0
        self._why = ""
        self._taken, self._taken_at = self.progress(), time.monotonic()  # when the stream last took something

    def progress(self) -> Progress:
        published, refused = self._publisher.counts
        invalid = self._reasons.total()
        return Progress(
            read=self._sent + invalid,
            published=published - self._before.published,
            refused=refused - self._before.refused,
            invalid=invalid,
        )

    @property
    def reasons(self) -> dict[str, int]:
        """Why rows were invalid, the most frequent first."""
        return dict(self._reasons.most_common(MAX_REASONS))

    @property
    def failure(self) -> str | None:
        """What broke, in one line."""
        broken = self._publisher.failure or self._broken
        return "; ".join(each for each in (broken, self._unwritable) if each) or None

    @property
    def last_line(self) -> int:
        """Up to here every event is on the stream or in the rejects file."""
        lost = [event.line - 1 for event in self._unnoted if event.line is not None]
        return min([self._last_line, *lost])

    @property
    def all_noted(self) -> bool:
        """Whether the rejects file has every event read that is not on the stream."""
        return not self._unnoted

    def fail(self, error: ProducerError) -> None:
        """Take note of what ended the reading."""
        if isinstance(error, RejectsFileError):
            self._unwritable = str(error)
        else:
            self._broken = str(error)

    def send_each(self, items: Iterable[Ready | Invalid]) -> None:
        """Send or reject item by item, until the stream turns out unusable."""
        for item in items:
            if isinstance(item, Invalid):
                self._rejects.add_invalid(item)
                self._reasons[item.rejected.reason] += 1
            else:
                try:
                    self._publisher.send(item.customer_id, item.payload, line=item.line)
                except NotPublishedError as error:
                    self.fail(error)
                    self._note(error.refused)
                    return
                self._sent += 1
            self._last_line = item.line
            if time.monotonic() - self._reported_at >= PROGRESS_INTERVAL_SECONDS:
                self._report()
                if self._is_stalled():
                    self._broken = f"stream {self._publisher.stream_name!r}: takes nothing ({self._why})"
                    self._publisher.abort()
                    return

    def finish(self, *, settle: Callable[[], object] = lambda: None) -> None:
        """Send what is waiting; after another Ctrl-C give it up instead, so that it ends refused.

        `settle` is called when nothing is left that Ctrl-C could stop. Raises nothing of ours.
        """
        try:
            refused = self._publisher.flush()
        except KeyboardInterrupt:
            self._publisher.abort()
            refused = self._publisher.flush()
        settle()
        try:
            self._note(refused)
        except RejectsFileError as error:
            self.fail(error)
        self._on_progress(self.progress())

    def _note(self, refused: Iterable[Refused]) -> None:
        self._unnoted.extend(refused)
        while self._unnoted:
            self._why = self._unnoted[0].reason
            self._rejects.add_refused(self._unnoted[0])
            self._unnoted.popleft()

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
