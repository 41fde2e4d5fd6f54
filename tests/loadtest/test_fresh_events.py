"""Events made from templates are the encoder's own, each with an id and a time of its own."""

from __future__ import annotations

import json
import time

from hypothesis import given
from hypothesis import strategies as st

from contract.event import EventDecoder, encode_event
from contract.rejection import Rejected
from contract.schema import load_schema
from loadtest.fresh_events import FreshEvents, time_of
from loadtest.traffic import snapshots_of
from producer.synthetic import SOURCE

TELCO = load_schema("telco")


def test_an_event_is_what_the_encoder_writes_for_its_id_and_time() -> None:
    """Byte for byte, so that nothing is encoded by a second encoder."""
    made = FreshEvents(snapshots_of("synthetic", TELCO, 20, 1), prefix="run-")
    for event in made.take(50):
        document = json.loads(event.payload)
        again = encode_event(
            document["subject"],
            document["data"],
            event_id=event.event_id,
            time_ms=time_of(event.event_id),
            source=SOURCE,
        )
        assert again == event.payload
        assert json.loads(event.partition_key) == document["subject"] == made.customers[event.customer]


def test_every_event_is_valid_now_and_new() -> None:
    """The scorer's decoder takes each; ids differ and grow; times are the moment of taking."""
    decode = EventDecoder(TELCO)
    before = time.time_ns() // 1_000_000
    made = FreshEvents(snapshots_of("synthetic", TELCO, 3, 1), prefix="x")
    events = [event for _ in range(5) for event in made.take(4)]
    after = time.time_ns() // 1_000_000
    ids = [event.event_id for event in events]
    assert ids == sorted(set(ids))
    for event in events:
        decoded = decode(event.payload, after)
        assert not isinstance(decoded, Rejected)
        assert before <= decoded.time_ms == time_of(event.event_id) <= after
        assert decoded.customer_id.startswith("x")


@given(st.text(min_size=1, max_size=40))
def test_a_customer_may_have_any_name(name: str) -> None:
    """Also one that looks like JSON, like an id or like a time."""
    snapshot = encode_event(name, {"a": 1}, event_id="e", time_ms=5)
    tricky = encode_event('"time":"1970-01-01T00:00:00.000Z"' + name, {"a": 1}, event_id="e", time_ms=5)
    for payload in (snapshot, tricky):
        (event,) = FreshEvents([payload], prefix="p-").take(1)
        document = json.loads(event.payload)
        assert document["subject"] == "p-" + json.loads(payload)["subject"] == json.loads(event.partition_key)
        assert document["id"] == event.event_id


def test_customers_come_again_with_other_features() -> None:
    """Some months of each customer are sent over and over."""
    made = FreshEvents(snapshots_of("synthetic", TELCO, 10, 1), prefix="")
    first, second, third = (
        {json.loads(e.payload)["subject"]: json.loads(e.payload)["data"] for e in made.take(10)}
        for _ in range(3)
    )
    assert set(first) == set(second) == set(made.customers)
    assert first != second
    assert first == third
