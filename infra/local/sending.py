"""Send batches to the function until each of their records is finished; the rules are in outcome.py."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from infra.local.mapping import MappingSettings
from infra.local.observed_metrics import DELIVERED, DELIVERY_FAILURES, DROPPED, FAILED, INVOKED, ITERATOR_AGE
from infra.local.outcome import AGE_EXCEEDED, RETRIES_EXHAUSTED, Batch, Decision, Outcome, decide, expire
from infra.local.records import Record, event_of

log = logging.getLogger(__name__)

FIRST_BACKOFF_SECONDS = 0.05
MAX_BACKOFF_SECONDS = 2.0

Invoke = Callable[[bytes], Outcome]


class Observe(Protocol):
    """Takes a metric of observed_metrics.py, its value and, where that is past, its time (epoch seconds)."""

    def __call__(self, metric: str, value: float, at: float | None = None, /) -> None: ...


class Discard(Protocol):
    """Keeps a batch that is given up; raises when it could not, and is then called again."""

    def __call__(self, batch: Batch, *, shard_id: str, condition: str, outcome: Outcome | None) -> None: ...


class Pause(Protocol):
    """Waits up to `seconds`; True when the event source is stopping."""

    def __call__(self, seconds: float, /) -> bool: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends one lane's batches in order; returns early, with records unfinished, only when stopping."""

    settings: MappingSettings
    shard_id: str
    invoke: Invoke
    discard: Discard
    observe: Observe
    finish: Callable[[Iterable[Record]], None]
    pause: Pause
    clock: Callable[[], float] = field(default=time.time)

    def send(self, records: tuple[Record, ...]) -> None:
        """Process `records` as one batch, with whatever splits and retries the mapping asks for."""
        todo = deque([Batch(records)])
        repeats = 0
        while todo and not self.pause(_backoff_seconds(repeats)):
            batch = self._without_expired(todo.popleft())
            if batch is None:
                continue
            decision = self._send_once(batch)
            todo.extendleft(reversed(decision.again))
            # Only the same records again wait; a smaller batch is a different question and asked at once.
            again = bool(decision.again) and decision.again[0].records == batch.records
            repeats = repeats + 1 if again else 0

    def _send_once(self, batch: Batch) -> Decision:
        self.observe(ITERATOR_AGE, (self.clock() - batch.records[-1].arrived_at) * 1000)
        self.observe(INVOKED, len(batch.records))
        outcome = self.invoke(event_of(batch.records))
        decision = decide(batch, outcome, self.settings)
        self.observe(FAILED, len(batch.records) - decision.done)
        self.finish(batch.records[: decision.done])
        if decision.discarded is not None:
            self._give_up(decision.discarded, RETRIES_EXHAUSTED, outcome)
        return decision

    def _without_expired(self, batch: Batch) -> Batch | None:
        fresh, expired = expire(batch, self.settings, self.clock())
        if expired is not None:
            self._give_up(expired, AGE_EXCEEDED, None)
        return fresh

    def _give_up(self, batch: Batch, condition: str, outcome: Outcome | None) -> None:
        """Finish a batch only once it is kept: a failing destination must not lose records quietly."""
        attempts = 0
        while not self.pause(_backoff_seconds(attempts)):
            try:
                self.discard(batch, shard_id=self.shard_id, condition=condition, outcome=outcome)
            except Exception:
                attempts += 1
                self.observe(DELIVERY_FAILURES, 1)
                log.exception("the on-failure destination refused a batch of %s; trying again", self.shard_id)
                continue
            kept = self.settings.on_failure_arn is not None
            self.observe(DELIVERED if kept else DROPPED, len(batch.records))
            self.finish(batch.records)
            return


def _backoff_seconds(repeats: int) -> float:
    if repeats == 0:
        return 0.0
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** min(repeats - 1, 16), MAX_BACKOFF_SECONDS)
