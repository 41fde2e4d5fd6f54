"""The account that the demo and the load tests are judged by."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.event import EventDecoder, encode_event
from contract.prediction import event_key
from contract.rejection import Rejected
from contract.schema import load_schema
from loadtest.accounting import Account, explains, identity, settle, stored_events
from loadtest.traffic import BROKEN_SHARE, DUPLICATE_SHARE, break_event, disturb
from tests.contract.rows import NOW_MS, TELCO_ROW


def event(customer: str, event_id: str, time_ms: int = NOW_MS) -> bytes:
    return encode_event(customer, TELCO_ROW, event_id=event_id, time_ms=time_ms)


def key(event_id: str, time_ms: int = NOW_MS) -> str:
    return event_key(time_ms, event_id)


def test_each_end_is_counted_once() -> None:
    """Written, overtaken, copied, rejected and lost records each count in exactly one place."""
    published = [
        event("ana", "1"),
        event("ana", "2", NOW_MS + 1),
        event("ana", "2", NOW_MS + 1),
        event("ben", "3"),
        b"broken",
        b"lost and broken",
    ]
    stored = {"ana": {key("2", NOW_MS + 1)}}
    account = settle(published, stored, [b"broken"], broken=[b"broken", b"lost and broken"])
    assert account == Account(
        published=6, written=1, collapsed=2, copies=1, rejected=1, misjudged=0, missing=2, stale=1
    )
    assert not account.complete


def test_a_customer_left_at_an_older_event_is_stale() -> None:
    """Losing only the newest event leaves the customer stale and the event missing."""
    account = settle([event("ana", "1"), event("ana", "2", NOW_MS + 1)], {"ana": {key("1")}}, [], broken=())
    assert (account.missing, account.stale) == (1, 1)


def test_a_record_rejected_twice_counts_twice_only_if_published_twice() -> None:
    """Rejected bytes are matched one to one with published bytes."""
    assert settle([b"x", b"x"], {}, [b"x"], broken=[b"x"]).missing == 1
    assert settle([b"x"], {}, [b"x", b"x"], broken=[b"x"]).rejected == 1


def test_a_valid_event_that_was_rejected_is_no_happy_end() -> None:
    """A decoder that rejects everything, or a batch that Lambda gave up on, is no success."""
    both = [event("ana", "1"), event("ana", "2", NOW_MS + 1)]
    account = settle(both, {}, both, broken=())
    assert (account.rejected, account.misjudged, account.missing) == (2, 2, 0)
    assert not account.complete
    newest_lost = settle(both, {"ana": {key("1")}}, both[1:], broken=())
    assert newest_lost.stale == 1


def test_a_broken_record_that_was_lost_is_missing_though_it_looks_like_an_event() -> None:
    """A record with a good envelope and bad data must be rejected; a stored twin does not excuse it."""
    good = event("ana", "1")
    spoiled = good.replace(b'"tenure":1', b'"tenure":[1]')
    assert identity(spoiled) == identity(good)
    assert settle([good, spoiled], {"ana": {key("1")}}, [], broken=[spoiled]).missing == 1


@pytest.mark.parametrize(
    ("received", "retried", "written", "fits"),
    [(5, 0, 3, True), (6, 1, 3, True), (4, 0, 3, False), (6, 0, 3, False), (5, 0, 4, True), (5, 0, 5, False)],
)
def test_the_scorers_counts_must_explain_the_account(
    received: int, retried: int, written: int, fits: bool
) -> None:
    """All records settled, and no more written than is stored, but for copies."""
    account = Account(
        published=5, written=3, collapsed=2, copies=1, rejected=0, misjudged=0, missing=0, stale=0
    )
    counted = {"EventsReceived": received, "EventsRetried": retried, "EventsWritten": written}
    assert explains(account, counted) is fits


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.sampled_from(["stored", "rejected", "lost"])),
        max_size=30,
    )
)
def test_the_counts_always_add_up(ends: list[tuple[str, int, str]]) -> None:
    """Whatever happened to each record, the four ends sum to what was published."""
    published, stored, rejected = [], {}, []
    for number, (customer, offset, end) in enumerate(ends):
        payload = event(customer, str(number), NOW_MS + offset)
        published.append(payload)
        if end == "stored":
            stored.setdefault(customer, set()).add(key(str(number), NOW_MS + offset))
        elif end == "rejected":
            rejected.append(payload)
    account = settle(published, stored, rejected, broken=rejected)
    assert account.published == account.written + account.collapsed + account.rejected + account.missing
    assert account.rejected == len(rejected)


def test_identity_agrees_with_the_contract() -> None:
    """The independent reading of an event gives the key that the scorer stores under."""
    payload = event("ana", "1", NOW_MS + 7)
    decoded = EventDecoder(load_schema("telco"))(payload, NOW_MS)
    assert not isinstance(decoded, Rejected)
    assert identity(payload) == ("ana", event_key(decoded.time_ms, decoded.event_id))
    assert identity(b"{}") is None
    assert identity(b"\xff") is None


def test_the_whole_table_is_read_page_by_page() -> None:
    """Every page of a scan is followed."""

    class TwoPages:
        def scan(self, **arguments: Any) -> Any:
            first = "ExclusiveStartKey" not in arguments
            item = {"customer_id": {"S": "ana"}, "event_key": {"S": "1" if first else "2"}}
            return {"Items": [item]} | ({"LastEvaluatedKey": item} if first else {})

    assert stored_events(TwoPages(), "predictions") == {"ana": {"1", "2"}}


@pytest.mark.parametrize("seed", range(50))
def test_a_broken_event_is_never_valid(seed: int) -> None:
    """Whatever break_event does, the scorer's decoder refuses the result."""
    outcome = EventDecoder(load_schema("telco"))(break_event(event("ana", "1"), random.Random(seed)), NOW_MS)
    assert isinstance(outcome, Rejected)


def test_disturbed_traffic_still_holds_every_event() -> None:
    """Duplicates and broken records are added and order changes, but nothing is taken away."""
    events = [event(f"customer-{n % 100}", str(n), NOW_MS + n) for n in range(2000)]
    traffic, broken = disturb(events, seed=1)
    assert set(traffic) == {*events, *broken}
    assert len(traffic) == round(2000 * (1 + DUPLICATE_SHARE + BROKEN_SHARE))
    assert traffic[: len(events)] != events
    assert (traffic, broken) == disturb(events, seed=1)
