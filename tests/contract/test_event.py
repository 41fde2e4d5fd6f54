"""What is on the stream, and what is not allowed on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.event import (
    MAX_CLOCK_SKEW_MS,
    MAX_EVENT_BYTES,
    Event,
    EventDecoder,
    encode_event,
    format_time,
    parse_time,
)
from contract.rejection import Rejected, Rejection
from contract.schema import load_schema
from tests.contract.rows import MUSIC_ROW, NOW_MS, TELCO_ROW, envelope

GOLDEN = Path(__file__).parent / "golden"
TELCO, MUSIC = load_schema("telco"), load_schema("music")
decode_telco, decode_music = EventDecoder(TELCO), EventDecoder(MUSIC)


def decode(data: object = TELCO_ROW, arrived_ms: int = NOW_MS, **changes: Any) -> Event | Rejected:
    return decode_telco(json.dumps(envelope(data, **changes)).encode(), arrived_ms)


def changed(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**TELCO_ROW, **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    ("name", "decoder", "row"), [("telco", decode_telco, TELCO_ROW), ("music", decode_music, MUSIC_ROW)]
)
def test_the_wire_format_is_pinned(name: str, decoder: EventDecoder, row: dict[str, Any]) -> None:
    """An event encodes to the golden bytes and decodes back to the same values, for both schemas."""
    golden = (GOLDEN / f"event_{name}.json").read_bytes().rstrip(b"\n")
    encoded = encode_event("7590-VHVEG", row, event_id="0197f0c0", time_ms=NOW_MS + 123, source="/crm")
    assert encoded == golden
    event = decoder(golden, NOW_MS)
    assert isinstance(event, Event)
    assert (event.customer_id, event.event_id, event.source) == ("7590-VHVEG", "0197f0c0", "/crm")
    assert (event.type, event.time_ms) == ("customer.updated", NOW_MS + 123)
    assert event.values == tuple(row.values())


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"tenure": "1"}, Rejection.WRONG_TYPE, "tenure"),
        ({"tenure": True}, Rejection.WRONG_TYPE, "tenure"),
        ({"tenure": 1.5}, Rejection.WRONG_TYPE, "tenure"),
        ({"tenure": -1}, Rejection.OUT_OF_RANGE, "tenure"),
        ({"tenure": 10**30}, Rejection.OUT_OF_RANGE, "tenure"),
        ({"tenure": None}, Rejection.MISSING, "tenure"),
        ({"tenure": ...}, Rejection.MISSING, "tenure"),
        ({"Contract": ""}, Rejection.MISSING, "Contract"),
        ({"Contract": 3}, Rejection.WRONG_TYPE, "Contract"),
        ({"SeniorCitizen": "0"}, Rejection.WRONG_TYPE, "SeniorCitizen"),
        ({"TotalCharges": ""}, Rejection.WRONG_TYPE, "TotalCharges"),
        ({"MonthlyCharges": 1e9}, Rejection.OUT_OF_RANGE, "MonthlyCharges"),
    ],
)
def test_a_bad_feature_is_rejected_by_name(changes: dict[str, Any], kind: Rejection, field: str) -> None:
    """Each way a feature can be wrong gives its kind, names the field and quotes no value."""
    outcome = decode(changed(**changes))
    assert isinstance(outcome, Rejected)
    assert (outcome.kind, outcome.field) == (kind, field)
    assert outcome.reason.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"specversion": "0.3"}, Rejection.NOT_AN_EVENT, "specversion"),
        ({"specversion": ...}, Rejection.MISSING, "specversion"),
        ({"id": ""}, Rejection.MISSING, "id"),
        ({"id": "x" * 201}, Rejection.OUT_OF_RANGE, "id"),
        ({"subject": ""}, Rejection.MISSING, "subject"),
        ({"subject": None}, Rejection.MISSING, "subject"),
        ({"subject": 7590}, Rejection.WRONG_TYPE, "subject"),
        ({"subject": "é" * 257}, Rejection.OUT_OF_RANGE, "subject"),
        ({"time": "yesterday"}, Rejection.BAD_TIME, "time"),
        ({"time": "2026-11-20T10:00:00"}, Rejection.BAD_TIME, "time"),
        ({"time": 1795168800}, Rejection.BAD_TIME, "time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, Rejection.BAD_TIME, "time"),
        ({"data": []}, Rejection.NOT_AN_EVENT, "data"),
        ({"data": ...}, Rejection.MISSING, "data"),
    ],
)
def test_a_bad_envelope_is_rejected_by_name(changes: dict[str, Any], kind: Rejection, field: str) -> None:
    """Each way the envelope can be wrong gives its kind and names the attribute."""
    outcome = decode(**changes)
    assert isinstance(outcome, Rejected)
    assert (outcome.kind, outcome.field) == (kind, field)


@pytest.mark.parametrize(
    ("payload", "kind"),
    [
        (b"", Rejection.BAD_JSON),
        (b"{", Rejection.BAD_JSON),
        (b"tenure=1", Rejection.BAD_JSON),
        (b"[" * 60_000, Rejection.NOT_AN_EVENT),
        (b'{"a":' * 10_000, Rejection.BAD_JSON),
        (b'{"id":"\xff"}', Rejection.BAD_ENCODING),
        (b"1.5", Rejection.NOT_AN_EVENT),
        (b" " * (MAX_EVENT_BYTES + 1), Rejection.TOO_LARGE),
    ],
)
def test_bytes_that_are_no_event_are_rejected(payload: bytes, kind: Rejection) -> None:
    """Broken JSON, bad UTF-8, deep nesting and over-size come back as values."""
    outcome = decode_telco(payload, NOW_MS)
    assert isinstance(outcome, Rejected)
    assert outcome.kind is kind


def test_what_the_schema_does_not_require_may_be_absent_or_null() -> None:
    """TotalCharges is optional in the telco schema: absent and null both decode to None."""
    for value in (None, ...):
        outcome = decode(changed(TotalCharges=value))
        assert isinstance(outcome, Event)
        assert outcome.values[-1] is None


def test_unknown_fields_are_ignored_and_unknown_categories_pass() -> None:
    """Extra fields change nothing; a category never heard of is for the model to flag, not to reject."""
    outcome = decode(changed(Contract="Five year", favourite_colour="blue"), traceparent="00-…")
    assert isinstance(outcome, Event)
    assert outcome.values[TELCO.feature_names.index("Contract")] == "Five year"


def test_a_whole_number_written_with_a_fraction_is_an_integer() -> None:
    """JSON has one number type: 1.0 is the integer 1, also where another field is wrong."""
    outcome = decode(changed(tenure=1.0, SeniorCitizen=1.0))
    assert isinstance(outcome, Event)
    assert outcome.values[4] == 1
    both = decode(changed(tenure=1.0, Contract=3))
    assert isinstance(both, Rejected)
    assert both.field == "Contract"


def test_a_clock_ahead_is_forgiven_for_five_minutes() -> None:
    """Just inside the allowed skew is scored; one millisecond more is rejected."""
    event_ms = parse_time("2026-11-20T10:00:00.123Z")
    assert isinstance(decode(arrived_ms=event_ms - MAX_CLOCK_SKEW_MS), Event)
    late = decode(arrived_ms=event_ms - MAX_CLOCK_SKEW_MS - 1)
    assert isinstance(late, Rejected)
    assert late.kind is Rejection.FUTURE_TIME


def test_time_zones_mean_the_same_instant() -> None:
    """The same instant written in two zones gives the same milliseconds."""
    assert parse_time("2026-11-20T11:00:00.123+01:00") == parse_time("2026-11-20T10:00:00.123Z")


@given(st.binary(max_size=400))
def test_any_bytes_give_a_value(payload: bytes) -> None:
    """Whatever arrives, decoding returns an Event or a Rejected and never raises."""
    assert isinstance(decode_telco(payload, NOW_MS), Event | Rejected)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(
    field=st.sampled_from([*TELCO_ROW, "id", "subject", "time", "data", "specversion", "source"]), value=JSON
)
def test_any_json_in_any_place_gives_a_value(field: str, value: object) -> None:
    """A well-formed event with one part replaced by any JSON is an Event or a Rejected with a reason."""
    document = envelope(dict(TELCO_ROW))
    (document if field in document else document["data"])[field] = value
    try:
        payload = json.dumps(document).encode()
    except UnicodeEncodeError:
        return
    outcome = decode_telco(payload, NOW_MS)
    if isinstance(outcome, Rejected):
        assert outcome.reason
        assert outcome.kind in Rejection


@given(st.integers(min_value=0, max_value=253_402_300_799_999), st.integers(0, 253_402_300_799_999))
def test_text_order_of_times_is_time_order(one: int, other: int) -> None:
    """Formatted times have one width, parse back exactly, and sort as the instants do."""
    assert parse_time(format_time(one)) == one
    assert len(format_time(one)) == len("2026-11-20T10:00:00.123Z")
    assert (format_time(one) < format_time(other)) == (one < other)


def test_encoding_escapes_what_json_must_escape() -> None:
    """A subject with quotes, newlines and emoji survives the round trip."""
    subject = 'O"Brien\n🙂'
    payload = encode_event(subject, TELCO_ROW, event_id="1", time_ms=NOW_MS)
    assert msgspec.json.decode(payload)["subject"] == subject
    event = decode_telco(payload, NOW_MS)
    assert isinstance(event, Event)
    assert event.customer_id == subject


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "x", "2026-11-20"]
)
def test_a_time_that_cannot_be_written_in_utc_is_no_time(text: str) -> None:
    """What leaves the years 1 to 9999, has no zone or is no time is a ValueError, and nothing else."""
    with pytest.raises(ValueError, match=r"time|datetime"):
        parse_time(text)


@pytest.mark.parametrize(
    "specversion",
    ["7590-VHVEG +49 170 1234567", "0.3, got mail", "Object missing required field `secret` - at `$.data`"],
)
def test_a_reason_never_quotes_the_payload(specversion: str) -> None:
    """Reasons may be logged and listed, so nothing of the event's values is in them."""
    outcome = decode(specversion=specversion)
    assert outcome == Rejected(Rejection.NOT_AN_EVENT, "specversion", 'expected "1.0"')
