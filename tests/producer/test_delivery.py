"""One batch: how long it waits between attempts, and when it stops."""

from __future__ import annotations

from typing import Any

from producer.delivery import Retry, deliver
from producer.kinesis import record_of
from tests.producer.fake_kinesis import THROTTLED, FakeKinesis

RECORDS = [record_of("one", b"a"), record_of("two", b"b")]


class RecordingStop:
    """Notes every wait and returns at once; stops after `patience` waits."""

    def __init__(self, patience: int = 1000) -> None:
        self.waits: list[float] = []
        self._patience = patience

    def is_set(self) -> bool:
        return len(self.waits) >= self._patience

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waits.append(timeout)
        return self.is_set()


def test_it_waits_between_attempts_and_not_after_the_last() -> None:
    """Nine waits for ten attempts, each below a ceiling that doubles up to the cap."""
    fake, stop = FakeKinesis(lambda _: THROTTLED), RecordingStop()
    retry = Retry(max_attempts=10, base_seconds=0.1, cap_seconds=1.0)
    delivery = deliver(RECORDS, client=fake, stream_name="events", retry=retry, stop=stop)
    assert (delivery.published, len(delivery.refused), delivery.failure) == (0, 2, None)
    assert len(fake.requests) == 10
    assert len(stop.waits) == 9
    assert all(0 <= wait <= min(1.0, 0.1 * 2**n) for n, wait in enumerate(stop.waits))
    assert len(set(stop.waits)) > 1


def test_a_pause_takes_any_length_below_its_ceiling() -> None:
    """Full jitter: pauses spread over the whole range, so that publishers do not retry in step."""
    pauses = [Retry().pause_seconds(4) for _ in range(2000)]
    assert min(pauses) < 0.05
    assert 0.75 < max(pauses) <= 0.8


def test_told_to_stop_it_gives_up_with_the_last_answer() -> None:
    """Stopping in the middle of a wait returns the records with why they were last refused."""
    fake, stop = FakeKinesis(lambda _: THROTTLED), RecordingStop(patience=2)
    delivery = deliver(RECORDS, client=fake, stream_name="events", retry=Retry(), stop=stop)
    assert len(fake.requests) == 2
    assert [(event.payload, event.code) for event in delivery.refused] == [
        (b"a", THROTTLED),
        (b"b", THROTTLED),
    ]


def test_an_unreadable_answer_is_asked_again() -> None:
    """An answer without records says nothing about which were taken: all go again, as duplicates at worst."""

    class CutShort(FakeKinesis):
        def put_records(self, **request: Any) -> Any:
            complete = super().put_records(**request)
            return {} if len(self.requests) == 1 else complete

    fake = CutShort(lambda _: None)
    delivery = deliver(RECORDS, client=fake, stream_name="events", retry=Retry(), stop=RecordingStop())
    assert (delivery.published, delivery.refused, delivery.failure) == (2, [], None)
    assert len(fake.requests) == 2
