"""The story of a smoke test."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from contract.champion import Champion
from contract.errors import ContractError
from contract.event import format_time
from contract.prediction import Prediction
from loadtest.probe import ProbeTimeoutError, put_to_readable
from loadtest.smoke.clean_up import clean_up
from loadtest.smoke.customers import SmokeEvent, event_of, new_customers
from loadtest.smoke.judge import complaint_about
from loadtest.smoke.report import Report, Stack
from producer.errors import ProducerError
from producer.event_ids import EventIds
from scorer.errors import ObjectMissingError, ScorerError
from scorer.model import Model
from scorer.rejected import RejectedRecord

CUSTOMERS = 3
LATE_BY_MS = 60_000
POLL_SECONDS = 0.02  # a query each; finer than a person would notice
LOOK_AGAIN_SECONDS = 0.2
BROKEN_EVENT = b'{"specversion":"1.0","subject":"%s","data":'  # cut off, as a full disk leaves it

Say = Callable[[str], object]


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
        start = datetime.now(UTC).replace(second=0, microsecond=0)  # CloudWatch sums whole minutes
        serving = self._serving()
        if serving is None:
            return self._report
        before = self._stack.deployment.totals(start=start)
        try:
            newest = self._score_new_events(*serving)
            if newest:
                self._send_late_events(newest, serving[0])
                self._reject_a_broken_event()
                self._count(before, start)
        finally:
            self._report.left += clean_up(self._stack.deployment, self._customers, self._rejected)
        return self._report

    @contextmanager
    def _judged(self, what: str) -> Iterator[None]:
        """What our own packages raise in here is a finding, not the end of the test."""
        try:
            yield
        except (ProbeTimeoutError, ProducerError, ScorerError, ContractError) as error:
            self._report.fail(f"{what}: {error}")

    def _serving(self) -> tuple[Model, Champion] | None:
        with self._judged("the serving model cannot be read"):
            try:
                pointer = self._stack.models.pointer()
            except ObjectMissingError:
                self._report.fail("no model serves yet: run `churn train` for this stage first")
                return None
            assert pointer is not None  # only a conditional read gives None
            self._report.model_version = pointer.champion.version
            return self._stack.models.load(pointer.champion.version), pointer.champion
        return None

    def _score_new_events(self, model: Model, champion: Champion) -> list[SmokeEvent]:
        """One event of each customer; those whose score became readable in time."""
        self._say(f"publishing events of {CUSTOMERS} synthetic customers")
        scored = []
        for customer in self._customers:
            event = event_of(customer, model.schema, self._ids, time_ms=_now_ms())
            with self._judged(f"customer {customer}: no score within {self._within:g} s"):
                self._report.put_to_readable_seconds.append(self._publish_and_wait(event))
                scored.append(event)
                complaint = complaint_about(self._score_of(event), event.payload, model, champion)
                if complaint:
                    self._report.fail(complaint)
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

    def _score_of(self, event: SmokeEvent) -> Prediction:
        return next(each for each in self._history(event.customer_id) if each.event_key == event.key)

    def _send_late_events(self, newest: list[SmokeEvent], model: Model) -> None:
        """An event that happened before the one already scored; the newest score must stay the newest."""
        self._say("publishing late events")
        for event in newest:
            late = event_of(event.customer_id, model.schema, self._ids, time_ms=_now_ms() - LATE_BY_MS)
            with self._judged(f"customer {event.customer_id}: no score of a late event"):
                self._publish_and_wait(late)
                latest = self._stack.deployment.scores.latest(event.customer_id)
                if latest is None or latest.event_key != event.key:
                    self._report.fail(
                        f"customer {event.customer_id}: a late event hides the score of a newer one"
                    )

    def _reject_a_broken_event(self) -> None:
        """Bytes that are no event; they must be kept as they are."""
        self._say("publishing a broken event")
        customer, day = self._customers[0], _today()
        payload = BROKEN_EVENT % customer.encode()
        put = self._stack.kinesis.put_record(
            StreamName=self._stack.stream, Data=payload, PartitionKey=customer
        )
        self._report.published += 1

        def is_kept() -> bool:
            store, place = self._stack.deployment.rejected, (put["ShardId"], put["SequenceNumber"])
            found = (record for d in sorted({day, _today()}) for record in store.of_record(*place, day=d))
            self._rejected = next(found, None)
            return self._rejected is not None

        with self._judged("a broken event did not end in rejected/"):
            put_to_readable(
                lambda: None, is_kept, timeout_seconds=self._within, poll_seconds=LOOK_AGAIN_SECONDS
            )
            if self._rejected and self._rejected.data != payload:
                self._report.fail("a broken event is in rejected/ with other bytes than were published")

    def _count(self, before: Mapping[str, float], start: datetime) -> None:
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
            counted = {name: now[name] - before[name] for name in expected}
            short = [name for name, count in expected.items() if counted[name] < count]
            if not short or time.monotonic() > deadline:
                break
            time.sleep(LOOK_AGAIN_SECONDS)
        self._report.counted = counted
        for name in short:
            self._report.fail(
                f"metric {name}: counted {counted[name]:g} within {self._metrics_within:g} s, "
                f"expected at least {expected[name]}; see the scorer's log group"
            )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _today() -> str:
    return format_time(_now_ms())[:10]
