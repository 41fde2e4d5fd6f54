"""Is a deployed stack alive? A handful of events go in; their scores, one rejection and the counts come out.

For the minute after a deployment, also of one that serves customers: what it writes it takes away again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from contract.champion import Champion
from contract.errors import ContractError
from contract.event import Event, format_time, parse_time
from contract.prediction import Prediction
from loadtest.deployment import Deployment
from loadtest.probe import ProbeTimeoutError, put_to_readable
from loadtest.smoke_customers import SmokeEvent, event_of, new_customers
from producer.errors import ProducerError
from producer.event_ids import EventIds
from producer.publisher import Publisher
from scorer.champion import CHECK_SECONDS, ModelStore
from scorer.errors import ObjectMissingError, ScorerError
from scorer.model import Model
from scorer.rejected import RejectedRecord

CUSTOMERS = 3
LATE_BY_MS = 60_000
# What rounding to six decimals and another processor may change.
PROBABILITY_TOLERANCE = 2e-6
POLL_SECONDS = 0.02  # a query each; finer than a person would notice
LOOK_AGAIN_SECONDS = 0.2
BROKEN_EVENT = b'{"specversion":"1.0","subject":"%s","data":'  # cut off, as a full disk leaves it

Say = Callable[[str], object]


@dataclass(frozen=True)
class Stack:
    """What a smoke test needs of a deployment; `kinesis` has boto3's put_record."""

    deployment: Deployment
    publisher: Publisher
    kinesis: Any
    stream: str
    models: ModelStore


@dataclass
class Report:
    """What one run found. It passed where `failures` is empty; `left` says what could not be taken away."""

    model_version: str = ""
    published: int = 0
    put_to_readable_seconds: list[float] = field(default_factory=list)
    counted: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.failures


def smoke(stack: Stack, *, within_seconds: float, metrics_within_seconds: float, say: Say) -> Report:
    """Publish, read back, and judge; every finding is one line of the report.

    Takes a few seconds; at most seven times `within_seconds`, and once `metrics_within_seconds`. What AWS
    itself refuses (credentials, permissions) raises what botocore raises.
    """
    return _Run(stack, within_seconds, metrics_within_seconds, say).run()


class _Run:
    def __init__(self, stack: Stack, within_seconds: float, metrics_within_seconds: float, say: Say) -> None:
        self._stack = stack
        self._within = within_seconds
        self._metrics_within = metrics_within_seconds
        self._say = say
        self._report = Report()
        self._ids = EventIds()
        self._customers = new_customers(CUSTOMERS)
        self._rejected: RejectedRecord | None = None

    def run(self) -> Report:
        """The story of a smoke test."""
        started = datetime.now(UTC).replace(second=0, microsecond=0)  # CloudWatch sums whole minutes
        model = self._serving_model()
        if model is None:
            return self._report
        before = self._stack.deployment.totals(start=started)
        try:
            newest = self._score_new_events(model)
            if newest:
                self._send_late_events(newest, model)
                self._reject_a_broken_event()
                self._count(before, started)
        finally:
            self._clean_up()
        return self._report

    def _fail(self, line: str) -> None:
        self._report.failures.append(line)

    @contextmanager
    def _judged(self, what: str) -> Iterator[None]:
        """What our own packages raise in here is a finding, not the end of the test."""
        try:
            yield
        except (ProbeTimeoutError, ProducerError, ScorerError, ContractError) as error:
            self._fail(f"{what}: {error}")

    def _serving_model(self) -> Model | None:
        with self._judged("the serving model cannot be read"):
            try:
                pointer = self._stack.models.pointer()
            except ObjectMissingError:
                self._fail("no model serves yet: run `churn train` for this stage first")
                return None
            assert pointer is not None  # only a conditional read gives None
            self._champion = pointer.champion
            self._report.model_version = self._champion.version
            return self._stack.models.load(self._champion.version)
        return None

    def _score_new_events(self, model: Model) -> list[SmokeEvent]:
        """One event of each customer; those whose score became readable in time."""
        self._say(f"publishing events of {CUSTOMERS} synthetic customers")
        scored = []
        for customer in self._customers:
            event = event_of(customer, model.schema, self._ids, time_ms=_now_ms())
            with self._judged(f"customer {customer}: no score within {self._within:g} s"):
                self._report.put_to_readable_seconds.append(self._publish_and_wait(event))
                self._judge(event, model)
                scored.append(event)
            if not scored:
                break  # the others would only wait as long
        return scored

    def _publish_and_wait(self, event: SmokeEvent) -> float:
        def is_readable() -> bool:
            return any(each.event_key == event.key for each in self._history(event.customer_id))

        return put_to_readable(
            lambda: self._publish(event), is_readable, timeout_seconds=self._within, poll_seconds=POLL_SECONDS
        )

    def _publish(self, event: SmokeEvent) -> None:
        self._stack.publisher.send(event.customer_id, event.payload)
        refused = self._stack.publisher.flush()
        if refused:
            raise ProducerError(f"the stream refused the event ({refused[0].reason})")
        self._report.published += 1

    def _history(self, customer_id: str) -> list[Prediction]:
        return self._stack.deployment.scores.history(customer_id, 10)

    def _judge(self, event: SmokeEvent, model: Model) -> None:
        """The score is the serving model's, and what that model gives here for the same event."""
        found = next(each for each in self._history(event.customer_id) if each.event_key == event.key)
        if found.model_version != model.version:
            if found.model_version not in _also_allowed(self._champion):
                self._fail(
                    f"customer {event.customer_id}: scored by model {found.model_version}, "
                    f"but {model.version} serves; see the scorer's log and ModelLoadFailures"
                )
            return
        decoded = model.decode(event.payload)
        assert isinstance(decoded, Event), decoded  # a value outside the schema would be our own mistake
        expected = model.score([decoded.values])
        if abs(found.probability - expected.probabilities[0]) > PROBABILITY_TOLERANCE:
            self._fail(
                f"customer {event.customer_id}: probability {found.probability}, "
                f"but model {model.version} gives {expected.probabilities[0]} here"
            )

    def _send_late_events(self, newest: list[SmokeEvent], model: Model) -> None:
        """An event that happened before the one already scored; the newest score must stay the newest."""
        self._say("publishing late events")
        for event in newest:
            late = event_of(event.customer_id, model.schema, self._ids, time_ms=_now_ms() - LATE_BY_MS)
            with self._judged(f"customer {event.customer_id}: no score of a late event"):
                self._publish_and_wait(late)
                latest = self._stack.deployment.scores.latest(event.customer_id)
                if latest is None or latest.event_key != event.key:
                    self._fail(f"customer {event.customer_id}: a late event hides the score of a newer one")

    def _reject_a_broken_event(self) -> None:
        self._say("publishing a broken event")
        customer, day = self._customers[0], _today()
        payload = BROKEN_EVENT % customer.encode()
        put = self._stack.kinesis.put_record(
            StreamName=self._stack.stream, Data=payload, PartitionKey=customer
        )
        self._report.published += 1

        def is_kept() -> bool:
            found = (
                record
                for each in sorted({day, _today()})
                for record in self._stack.deployment.rejected.of_record(
                    put["ShardId"], put["SequenceNumber"], day=each
                )
            )
            self._rejected = next(found, None)
            return self._rejected is not None

        with self._judged("a broken event did not end in rejected/"):
            put_to_readable(
                lambda: None, is_kept, timeout_seconds=self._within, poll_seconds=LOOK_AGAIN_SECONDS
            )
            if self._rejected and self._rejected.data != payload:
                self._fail("a broken event is in rejected/ with other bytes than were published")

    def _count(self, before: dict[str, float], start: datetime) -> None:
        """The metrics of all that was published arrive; others' events only add to them."""
        self._say("waiting for the metrics")
        expected = {
            "EventsReceived": self._report.published,
            "EventsWritten": self._report.published - 1,
            "EventsRejected": 1,
        }
        deadline = time.monotonic() + self._metrics_within
        while True:
            now = self._stack.deployment.totals(start=start)
            self._report.counted = {name: now[name] - before[name] for name in expected}
            short = [name for name, count in expected.items() if self._report.counted[name] < count]
            if not short:
                return
            if time.monotonic() > deadline:
                break
            time.sleep(LOOK_AGAIN_SECONDS)
        for name in short:
            self._fail(
                f"metric {name}: counted {self._report.counted[name]:g} within {self._metrics_within:g} s, "
                f"expected at least {expected[name]}; see the scorer's log group"
            )

    def _clean_up(self) -> None:
        """Take the scores and the rejected event away; what may not be deleted expires by itself."""
        from botocore.exceptions import ClientError

        for customer in self._customers:
            try:
                self._stack.deployment.forget(customer)
            except (ClientError, ScorerError) as error:
                self._report.left.append(f"scores of {customer}: {error}")
        if self._rejected is None:
            return
        store, key = self._stack.deployment.rejected, self._rejected.key
        try:
            if any(record.event_id != self._rejected.event_id for record in store.load(key)):
                self._report.left.append(f"the broken event in {key}, which holds others too")
            else:
                store.mark_replayed(key)
        except ScorerError as error:
            self._report.left.append(f"the broken event: {error}")


def _also_allowed(champion: Champion) -> set[str]:
    """A sandbox looks for a new champion once a minute, so its predecessor may score a little longer."""
    age_seconds = (_now_ms() - parse_time(champion.promoted_at)) / 1000
    return {champion.previous} if champion.previous and age_seconds < 2 * CHECK_SECONDS else set()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _today() -> str:
    return format_time(_now_ms())[:10]
