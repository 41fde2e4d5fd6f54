"""JSON Lines in, events out: rows and CloudEvents; and how a format is guessed."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.schema import load_schema
from producer.edge import Invalid, Ready
from producer.errors import SourceError, UnknownGeneratorError
from producer.lines import MAX_LINE_BYTES
from producer.sources import open_source
from tests.contract.rows import NOW_MS, TELCO_ROW, envelope
from tests.producer.small import SMALL, reason_of

TELCO = load_schema("telco")
ROW = {"customerID": "7590-VHVEG", **TELCO_ROW, "Churn": "No", "noise": [1]}


def read(lines: list[Any], **options: Any) -> list[Ready | Invalid]:
    raw = b"\n".join(line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines)
    return list(open_source("-", TELCO, stdin=io.BytesIO(raw), clock_ms=lambda: NOW_MS, **options))


def test_a_row_becomes_an_event() -> None:
    """Features go into `data`, the id column into `subject`; label and strangers stay out."""
    [item] = read([ROW])
    assert isinstance(item, Ready)
    document = msgspec.json.decode(item.payload)
    assert document["data"] == TELCO_ROW
    assert (document["subject"], item.customer_id) == ("7590-VHVEG", "7590-VHVEG")


def test_a_cloudevent_is_sent_byte_for_byte() -> None:
    """An event that is one already keeps its id, its time and its bytes."""
    raw = json.dumps(envelope(TELCO_ROW), indent=None).encode()
    for format in (None, "jsonl", "cloudevents"):
        assert read([raw], format=format) == [Ready(1, "7590-VHVEG", raw)]


def test_ids_may_be_integers_and_times_a_column() -> None:
    """An integer id is its text; `time_column` names the row's own time."""
    [item] = read([{**ROW, "customerID": 12, "at": "2026-11-20T09:00:00+01:00"}], time_column="at")
    assert isinstance(item, Ready)
    assert item.customer_id == "12"
    assert msgspec.json.decode(item.payload)["time"] == "2026-11-20T08:00:00.000Z"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({**ROW, "customerID": None}, "customerID: empty, and it names the customer"),
        ({**ROW, "customerID": "x" * 257}, "customerID: 257 characters, at most 256 allowed"),
        ({**ROW, "customerID": True}, "customerID: expected a string or an integer"),
        ({**ROW, "tenure": "1"}, "tenure: expected integer, got string"),
        (envelope({}), "gender: missing, and it is required"),
        (b"{broken", "event: not a JSON object"),
        (b'"text"', "event: expected object, got string"),
        (b"[" * 5000, "event: expected object, got array"),
        (b'{"customerID": "\xff"}', "event: not valid UTF-8"),
        (b"{" + b" " * MAX_LINE_BYTES + b"}", f"event: {MAX_LINE_BYTES + 2} bytes, at most"),
    ],
)
def test_a_bad_line_is_named_and_the_next_one_read(line: Any, reason: str) -> None:
    """Every bad line has its number and reason; the good ones around it are sent."""
    items = read([ROW, line, b"", ROW], format="jsonl")
    assert [type(item) for item in items] == [Ready, Invalid, Ready]
    number, found = reason_of(items[1])
    assert number == 2
    assert found.startswith(reason)


def test_as_cloudevents_a_bare_row_is_invalid() -> None:
    """Said to be CloudEvents, a row without the envelope is not guessed to be something else."""
    [item] = read([ROW], format="cloudevents")
    assert reason_of(item) == (1, "specversion: missing, and it is required")


@given(st.binary(max_size=300))
def test_any_bytes_give_items_and_never_an_exception(body: bytes) -> None:
    """Whatever the lines hold, reading goes on."""
    for format in ("jsonl", "cloudevents"):
        assert all(isinstance(item, Ready | Invalid) for item in read([body], format=format))


@pytest.mark.parametrize("name", ["events.jsonl", "events.ndjson", "events.json", "events.unknown"])
def test_the_format_follows_the_name_or_else_the_content(tmp_path: Path, name: str) -> None:
    """Known suffixes decide; any other file is JSON Lines where it starts with a brace."""
    path = tmp_path / name
    path.write_text(json.dumps(ROW))
    assert [type(item) for item in open_source(str(path), TELCO)] == [Ready]


def test_a_slow_pipe_is_read_line_by_line() -> None:
    """A line is an event as soon as it is there; nobody waits for a buffer to fill or the pipe to end."""
    reading, writing = os.pipe()
    try:
        os.write(writing, json.dumps(ROW).encode() + b"\n")
        source = open_source("-", TELCO, stdin=os.fdopen(reading, "rb"))
        assert isinstance(next(source.items), Ready)
    finally:
        os.close(writing)
    assert list(source) == []


def test_a_pipe_without_a_brace_is_csv() -> None:
    """Standard input has no name, so its first character decides."""
    assert len(list(open_source("-", SMALL, stdin=io.BytesIO(b"id,age\n1,1\n")))) == 1


@pytest.mark.parametrize(
    ("location", "options", "message"),
    [
        ("nowhere.csv", {}, "nowhere.csv: no such file; give a path"),
        (".", {}, "cannot be opened"),
        ("", {}, "source '': no name; give a path"),
        ("synthetic:5", {"format": "csv"}, "synthetic:5: made-up events have no format and no time column"),
        ("synthetic:5", {"time_column": "at"}, "synthetic:5: made-up events have no format and no time"),
        ("-", {"format": "cloudevents", "time_column": "at"}, "CloudEvents carry their own time"),
        ("-", {"format": "xml"}, "format 'xml': not known; expected csv, jsonl, cloudevents"),
        ("synthetic:many", {}, "expected synthetic:N"),
        ("synthetic:0", {}, "expected synthetic:N"),
    ],
)
def test_what_cannot_be_opened_is_one_clear_line(
    location: str, options: dict[str, Any], message: str
) -> None:
    """The message says what was found and what to give instead."""
    with pytest.raises(SourceError, match=message):
        open_source(location, TELCO, **options)


def test_synthetic_events_come_for_the_schema_that_has_them() -> None:
    """synthetic:N gives N valid events; a schema without a generator says which have one."""
    source = open_source("synthetic:25", TELCO, seed=3)
    assert source.total == 25
    assert [type(item) for item in source] == [Ready] * 25
    source = open_source("synthetic:25", TELCO, seed=3, from_line=20)
    assert (source.total, [item.line for item in source]) == (6, [20, 21, 22, 23, 24, 25])
    with pytest.raises(UnknownGeneratorError, match="'small': has no synthetic customers; telco, music have"):
        open_source("synthetic:25", SMALL)
