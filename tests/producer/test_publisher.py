"""The publisher against a stream that refuses, throttles, breaks off and goes away."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.event import Event, EventDecoder
from contract.schema import load_schema
from producer.errors import InvalidEventError, NotPublishedError
from producer.publisher import MAX_REFUSED_KEPT, Publisher
from tests.contract.rows import TELCO_ROW
from tests.producer.fake_kinesis import THROTTLED, FakeKinesis, client_error

Judge = Callable[[bytes], str | None]


def publisher_to(client: Any, **options: Any) -> Publisher:
    """A publisher that does not wait between attempts."""
    return Publisher(client, "events", **{"max_backoff_seconds": 0.0, **options})


def refuse_first(refusals: dict[bytes, int]) -> Judge:
    """Refuse each payload as often as the table says, then accept it."""
    left = dict(refusals)

    def judge(payload: bytes) -> str | None:
        left[payload] = left.get(payload, 0) - 1
        return THROTTLED if left[payload] >= 0 else None

    return judge


def test_what_is_sent_is_an_event_the_scorer_accepts() -> None:
    """A published row decodes with the scorer's decoder, under the id that publish returned."""
    fake = FakeKinesis()
    with publisher_to(fake) as publisher:
        event_id = publisher.publish("7590-VHVEG", TELCO_ROW)
    [(partition_key, payload)] = fake.accepted
    event = EventDecoder(load_schema("telco"))(payload, int(time.time() * 1000))
    assert isinstance(event, Event)
    assert (partition_key, event.customer_id, event.event_id) == ("7590-VHVEG", "7590-VHVEG", event_id)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 1200),
    customers=st.integers(1, 40),
    refusals=st.dictionaries(st.integers(0, 1199), st.integers(1, 6), max_size=200),
    lanes=st.integers(1, 4),
)
def test_every_event_is_accepted_once_or_returned(
    count: int, customers: int, refusals: dict[int, int], lanes: int
) -> None:
    """Whatever is refused how often: accepted exactly once, or returned as refused; never both or neither."""
    payloads = [f"{number}".encode() for number in range(count)]
    fake = FakeKinesis(refuse_first({f"{number}".encode(): times for number, times in refusals.items()}))
    publisher = publisher_to(fake, max_attempts=4, lanes=lanes)
    for number, payload in enumerate(payloads):
        publisher.send(f"customer-{number % customers}", payload)
    refused = [event.payload for event in publisher.close()]
    hopeless = {payload for n, payload in enumerate(payloads) if refusals.get(n, 0) >= 4}
    assert set(refused) == hopeless
    assert len(refused) == len(hopeless)
    assert fake.payloads() == dict.fromkeys(set(payloads) - hopeless, 1)
    assert publisher.counts == (len(payloads) - len(hopeless), len(hopeless))


def test_order_within_a_customer_holds() -> None:
    """With nothing refused, each customer's events arrive as they were published, over several lanes."""
    fake = FakeKinesis()
    with publisher_to(fake, lanes=4) as publisher:
        for number in range(6000):
            publisher.send(f"customer-{number % 37}", f"{number}".encode())
    by_customer = defaultdict(list)
    for customer_id, payload in fake.accepted:
        by_customer[customer_id].append(int(payload))
    assert sum(map(len, by_customer.values())) == 6000
    assert all(numbers == sorted(numbers) for numbers in by_customer.values())


def test_requests_stay_within_the_limits_by_bytes() -> None:
    """Large events make smaller requests, none above what Kinesis takes."""
    fake = FakeKinesis()
    with publisher_to(fake, lanes=1) as publisher:
        for number in range(12):
            publisher.send("one", bytes([number]) * 1_000_000)
    assert len(fake.accepted) == 12
    assert max(fake.requests) <= 4


@pytest.mark.parametrize(
    "failure",
    [
        client_error(THROTTLED),
        client_error("InternalFailure", status=500),
        client_error("SomethingNew", status=503),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        ReadTimeoutError(endpoint_url="http://127.0.0.1:1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_whole_request_that_fails_is_repeated(failure: Exception) -> None:
    """Throttling, server errors and broken connections heal: the same events go again."""
    fake = FakeKinesis(calls=[failure, failure])
    with publisher_to(fake, lanes=1) as publisher:
        publisher.send("one", b"a")
        publisher.send("one", b"b")
    assert fake.accepted == [("one", b"a"), ("one", b"b")]


def test_an_answer_of_the_wrong_length_is_no_success() -> None:
    """Where results do not match the records, nobody knows what was taken, so all goes again."""

    class Truncating(FakeKinesis):
        def put_records(self, **request: Any) -> dict[str, Any]:
            response = super().put_records(**request)
            return response if len(self.requests) > 1 else {**response, "Records": response["Records"][:1]}

    fake = Truncating()
    with publisher_to(fake, lanes=1) as publisher:
        publisher.send("one", b"a")
        publisher.send("one", b"b")
    assert fake.payloads() == {b"a": 2, b"b": 2}


def test_leaving_with_refused_events_raises_and_holds_them() -> None:
    """Nothing is dropped quietly: the context manager raises, with the bytes that were not taken."""
    fake = FakeKinesis(lambda payload: THROTTLED if payload == b"bad" else None)
    publisher = publisher_to(fake, max_attempts=2)
    publisher.send("one", b"good")
    publisher.send("two", b"bad")
    with pytest.raises(NotPublishedError, match="refused 1 events after 2 attempts") as caught, publisher:
        pass
    assert [(event.payload, event.code) for event in caught.value.refused] == [(b"bad", THROTTLED)]
    assert fake.accepted == [("one", b"good")]


def test_flush_returns_what_was_refused_and_goes_on() -> None:
    """After a flush took the refused events, the publisher works on and leaves without an error."""
    fake = FakeKinesis(refuse_first({b"bad": 2}))
    with publisher_to(fake, max_attempts=2) as publisher:
        publisher.send("one", b"bad")
        assert [event.payload for event in publisher.flush()] == [b"bad"]
        publisher.send("one", b"good")
        assert publisher.flush() == []
    assert fake.accepted == [("one", b"good")]


def test_a_stream_that_is_not_there_stops_the_publisher() -> None:
    """No retries for what never heals: the next event raises one clear line and holds what was not sent."""
    fake = FakeKinesis(stream_name="another")
    publisher = publisher_to(fake)
    publisher.send("one", b"a")
    assert [event.code for event in publisher.flush()] == ["ResourceNotFoundException"]
    with pytest.raises(NotPublishedError, match=r"stream 'events': .*not found.*; check its name") as caught:
        publisher.send("one", b"b")
    assert "\n" not in str(caught.value)
    assert publisher.close() == []
    assert fake.requests == []


def test_an_error_inside_the_context_is_kept_and_annotated() -> None:
    """The user's own exception comes first; a note says that events were not published."""
    publisher = publisher_to(FakeKinesis(lambda _: THROTTLED), max_attempts=1)
    publisher.send("one", b"a")
    with pytest.raises(KeyError) as caught, publisher:
        raise KeyError("mine")
    assert "1 events were not published" in caught.value.__notes__[0]
    assert [event.payload for event in publisher.take_refused()] == [b"a"]


def test_an_event_the_scorer_would_reject_is_not_sent() -> None:
    """With a schema, a bad value raises at once and names the field."""
    fake = FakeKinesis()
    with publisher_to(fake, schema=load_schema("telco")) as publisher:
        with pytest.raises(InvalidEventError, match="tenure: expected integer"):
            publisher.publish("one", {**TELCO_ROW, "tenure": "long"})
        publisher.publish("one", TELCO_ROW)
    assert len(fake.accepted) == 1


@pytest.mark.parametrize(
    ("customer_id", "payload", "message"),
    [("", b"x", "empty"), ("k" * 257, b"x", "257 characters"), ("k", b"x" * 1_048_576, "at most 1048576")],
)
def test_what_would_fail_a_whole_request_is_refused_alone(
    customer_id: str, payload: bytes, message: str
) -> None:
    """One impossible record raises to its own publisher and never spoils the batch of the others."""
    fake = FakeKinesis()
    with publisher_to(fake) as publisher:
        publisher.send("other", b"fine")
        with pytest.raises(ValueError, match=message):
            publisher.send(customer_id, payload)
    assert fake.accepted == [("other", b"fine")]


def test_publish_event_takes_the_key_from_the_subject() -> None:
    """A CloudEvents document goes as it is, keyed by its subject; without one it is refused."""
    fake = FakeKinesis()
    with publisher_to(fake) as publisher:
        publisher.publish_event(b'{"subject": "7590-VHVEG", "data": {}}')
        with pytest.raises(ValueError, match='expected a JSON object with a text "subject"'):
            publisher.publish_event(b"{}")
    assert fake.accepted == [("7590-VHVEG", b'{"subject": "7590-VHVEG", "data": {}}')]


def test_waiting_events_go_after_a_moment() -> None:
    """A lonely event is sent once it is old enough, without a flush."""
    fake = FakeKinesis()
    with publisher_to(fake, max_batch_age_seconds=0.05) as publisher:
        publisher.send("one", b"a")
        deadline = time.monotonic() + 5
        while not fake.accepted and time.monotonic() < deadline:
            time.sleep(0.01)
        assert fake.accepted == [("one", b"a")]


def test_publish_from_many_threads_loses_nothing() -> None:
    """Eight threads at once: every event arrives exactly once."""
    fake = FakeKinesis(refuse_first({f"3-{number}".encode(): 1 for number in range(200)}))
    with publisher_to(fake) as publisher:

        def work(thread: int) -> None:
            for number in range(500):
                publisher.send(f"customer-{number}", f"{thread}-{number}".encode())

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(fake.payloads().values()) == {1}
    assert len(fake.accepted) == 4000


def test_abort_ends_retrying_and_returns_the_rest() -> None:
    """A publisher that waits between attempts gives up at once when told so."""
    fake = FakeKinesis(lambda _: THROTTLED)
    publisher = Publisher(fake, "events", max_backoff_seconds=60.0, max_attempts=50)
    publisher.send("one", b"a")
    started = time.monotonic()
    threading.Timer(0.1, publisher.abort).start()
    assert [event.payload for event in publisher.close()] == [b"a"]
    assert time.monotonic() - started < 10


def test_a_closed_publisher_says_so() -> None:
    """Publishing after close is an error, not a loss."""
    publisher = publisher_to(FakeKinesis())
    publisher.close()
    with pytest.raises(ValueError, match="closed"):
        publisher.send("one", b"a")


def test_refused_events_do_not_pile_up_without_end() -> None:
    """A service that never looks is told, with the events, before they fill its memory."""
    publisher = publisher_to(FakeKinesis(lambda _: THROTTLED), max_attempts=1)

    def publish_on() -> None:
        for number in range(MAX_REFUSED_KEPT * 3):
            publisher.send(f"customer-{number}", b"a")

    with pytest.raises(NotPublishedError, match="refused") as caught:
        publish_on()
    assert len(caught.value.refused) >= MAX_REFUSED_KEPT
    publisher.close()
