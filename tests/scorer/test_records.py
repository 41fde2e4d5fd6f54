"""A batch of Kinesis records unwraps to bytes, or to rejections that keep their text."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.rejection import Rejection
from scorer.records import Records
from tests.kpl import aggregate
from tests.scorer.batches import NOW_MS, SHARD, batch_of, record, sequence


def test_a_record_gives_its_identity_arrival_and_bytes() -> None:
    """The event id is shard and sequence number, the arrival is in milliseconds, the payload is decoded."""
    [found] = Records([record(b"\x00\xffpayload", 1)])
    assert found.event_id == f"{SHARD}:{sequence(1)}"
    assert (found.shard, found.sequence, found.arrived_ms) == (SHARD, sequence(1), NOW_MS)
    assert (found.partition_key, found.payload) == ("key", b"\x00\xffpayload")


@pytest.mark.parametrize("text", ["!!!!", "YWJ", "YWJj\n", "YQ==YQ==", "é", "\ud800"])
def test_data_that_is_not_base64_is_a_fault_and_kept(text: str) -> None:
    """A stray character, a cut text or a line break: the payload is the text itself; others are as ever."""
    records = Records([record(b"good", 0), record(text, 1), record(b"too", 2)])
    assert {place: fault.kind for place, fault in records.faults.items()} == {1: Rejection.BAD_ENCODING}
    assert [found.payload for found in records][::2] == [b"good", b"too"]
    assert records[1].payload.decode(errors="surrogatepass") == text


TEXTS = st.text(alphabet="YWJjZA=+/ \n-_é", max_size=12)


@given(TEXTS | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_a_text_is_judged_the_same_alone_and_beside_a_fault(text: str) -> None:
    """All at once or one by one: the same bytes, or the same fault."""
    alone, beside = Records([record(text)]), Records([record(text, 0), record("!", 1)])
    assert alone.payloads[0] == beside.payloads[0]
    assert alone.faults.get(0) == beside.faults.get(0)


def test_an_aggregated_record_is_taken_apart() -> None:
    """Each part has its own key and a number behind the event id; all share the sequence number."""
    packed = aggregate([("a", b"1"), ("b", b"2")])
    records = Records(batch_of(b"0", packed, "!", b"3"))
    assert [found.payload for found in records] == [b"0", b"1", b"2", b"!", b"3"]
    assert [found.partition_key for found in records] == ["key", "a", "b", "key", "key"]
    ends = [found.event_id.removeprefix(f"{SHARD}:") for found in records]
    assert ends == [sequence(0), f"{sequence(1)}:0", f"{sequence(1)}:1", sequence(2), sequence(3)]
    assert [records.position(place) for place in (1, 2)] == [int(sequence(1))] * 2
    assert list(records.faults) == [3]


def test_what_only_looks_aggregated_stays_whole() -> None:
    """With a wrong checksum it is a record like any other, and its bytes are kept."""
    packed = aggregate([("a", b"1")])[:-1] + b"?"
    [found] = Records(batch_of(packed))
    assert (found.payload, found.event_id) == (packed, f"{SHARD}:{sequence(0)}")


def test_something_that_is_no_kinesis_record_raises() -> None:
    """An event of another source is a wiring mistake, not a bad record."""
    foreign: list[dict[str, Any]] = [{"messageId": "1", "body": "{}"}]
    with pytest.raises(KeyError):
        Records(foreign)
