"""What the Kinesis Producer Library puts together is taken apart; anything else is an ordinary record.

AWS's own library (aws-kinesis-agg) and Google's protobuf runtime are the second opinions.
"""

from __future__ import annotations

import base64
import tracemalloc
from collections.abc import Iterator
from typing import Any

import aws_kinesis_agg.aggregator  # first, for it makes the next one importable
import pytest
from aws_kinesis_agg.deaggregator import iter_deaggregate_records
from hypothesis import example, given
from hypothesis import strategies as st

from scorer.aggregation import MAGIC, MAX_GROUP_DEPTH, MAX_KEYS, MAX_SUB_RECORDS, SubRecord, split
from tests.kpl import (
    END_OF_GROUP,
    FIXED_32,
    FIXED_64,
    GROUP,
    aggregated,
    field,
    sealed,
    sub_record,
    varint,
)
from tests.scorer.second_split import split_as_google

KEY = field(1, b"key")
ONE = sub_record(b"data")
GOLDEN = (
    b"\xf3\x89\x9a\xc2"
    b"\x0a\x03pk1"  # partition_key_table
    b"\x0a\x03pk2"
    b"\x12\x03123"  # explicit_hash_key_table
    b"\x1a\x09\x08\x00\x1a\x05hello"  # records: partition_key_index, data
    b"\x1a\x0a\x08\x01\x10\x00\x1a\x04wor\xff"  # partition_key_index, explicit_hash_key_index, data
    b"\x1a\x05\x08\x00\x1a\x01x"
    b"\xe6)8\xc0\x0e\r\xf7\x98\x80\r\x849:\x89\xe0h"  # MD5
)
GOLDEN_RECORDS = [("pk1", None, b"hello"), ("pk2", "123", b"wor\xff"), ("pk1", None, b"x")]


def aggregate_as_aws(records: list[tuple[str, str | None, bytes]]) -> bytes:
    """What AWS's library makes of records that fit into one."""
    aggregator = aws_kinesis_agg.aggregator.RecordAggregator()
    for key, hash_key, data in records:
        assert aggregator.add_user_record(key, data, hash_key) is None
    payload: bytes = aggregator.clear_and_get().get_contents()[2]
    return payload


def split_as_aws(payload: bytes) -> list[SubRecord]:
    """What AWS's library makes of one record."""
    record = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": 1.0,
            "partitionKey": "outer",
            "data": base64.b64encode(payload).decode(),
        }
    }
    found: Iterator[Any] = iter_deaggregate_records([record])
    return [SubRecord(r["kinesis"]["partitionKey"], base64.b64decode(r["kinesis"]["data"])) for r in found]


def test_the_format_is_pinned() -> None:
    """AWS's library makes the golden bytes, and they come apart into what it was given."""
    assert aggregate_as_aws(GOLDEN_RECORDS) == GOLDEN
    assert split(GOLDEN) == [SubRecord(key, data) for key, _, data in GOLDEN_RECORDS] == split_as_aws(GOLDEN)


KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
RECORDS = st.lists(st.tuples(KEYS, st.none() | st.integers(0, 2**128 - 1).map(str), st.binary(max_size=300)))


@given(RECORDS.filter(bool))
def test_what_aws_aggregates_comes_apart(records: list[tuple[str, str | None, bytes]]) -> None:
    """Any keys, hash keys and data put together by AWS's library come back, in order."""
    assert split(aggregate_as_aws(records)) == [SubRecord(key, data) for key, _, data in records]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        MAGIC,
        MAGIC + bytes(15),
        MAGIC + bytes(16),
        b'{"specversion":"1.0"}',
        GOLDEN[1:],
        GOLDEN[:-1],
        GOLDEN + b"\n",
        GOLDEN[:5] + b"\x04" + GOLDEN[6:],
        GOLDEN[:-1] + b"i",
        b"\xf3\x89\x9a\xc3" + GOLDEN[4:],
    ],
)
def test_what_the_kpl_did_not_write_is_an_ordinary_record(payload: bytes) -> None:
    """Without the magic number, or where the checksum is that of other bytes, there is nothing to split."""
    assert split(payload) is None


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(b"", id="empty"),
        pytest.param(KEY, id="no sub-record"),
        pytest.param(ONE, id="no partition key at all"),
        pytest.param(KEY + sub_record(b"", key=1), id="partition key outside its table"),
        pytest.param(KEY + sub_record(b"", key=2**64 - 1), id="greatest index"),
        pytest.param(KEY + sub_record(b"", hash_key=0), id="explicit hash key outside its table"),
        pytest.param(KEY + ONE + field(3, field(3, b"data")), id="no partition key index"),
        pytest.param(KEY + field(3, field(1, 0)), id="no data"),
        pytest.param(KEY + field(3, field(1, 0) + field(3, 7)), id="data is a number"),
        pytest.param(KEY + field(3, field(1, b"\x00") + field(3, b"")), id="index is bytes"),
        pytest.param(KEY + field(3, 7), id="record is a number"),
        pytest.param(field(1, b"\xff") + ONE, id="partition key is not UTF-8"),
        pytest.param(field(1, b"\xed\xa0\x80") + ONE, id="partition key is half a surrogate pair"),
        pytest.param(KEY + field(2, b"\xff") + ONE, id="explicit hash key is not UTF-8"),
        pytest.param(KEY + ONE[:-1], id="cut in the data"),
        pytest.param(KEY + ONE[:1], id="cut after a tag"),
        pytest.param(KEY + ONE + b"\x1a", id="a tag alone at the end"),
        pytest.param(KEY + ONE + b"\x80", id="cut in a tag"),
        pytest.param(KEY + ONE + b"\x20\x80", id="cut in a number"),
        pytest.param(KEY + ONE + b"\x22" + varint(2**62), id="longer than any memory"),
        pytest.param(KEY + ONE + b"\x20" + b"\x80" * 10 + b"\x00", id="a number of 11 bytes"),
        pytest.param(KEY + ONE + varint(2**64 | 32) + b"\x00", id="a tag of 65 bits"),
        pytest.param(KEY + ONE + b"\xa0\x80\x80\x80\x80\x00\x00", id="a tag of six bytes"),
        pytest.param(KEY + ONE + b"\x00\x00", id="field number 0"),
        pytest.param(KEY + ONE + varint(2**32 | 32) + b"\x00", id="a tag of 33 bits"),
        pytest.param(KEY + ONE + b"\x26\x00", id="wire type 6"),
        pytest.param(KEY + ONE + b"\x27\x00", id="wire type 7"),
        pytest.param(KEY + ONE + bytes([4 << 3 | FIXED_64]) + bytes(7), id="cut in a fixed64"),
        pytest.param(KEY + ONE + bytes([4 << 3 | FIXED_32]) + bytes(3), id="cut in a fixed32"),
        pytest.param(KEY + ONE + bytes([4 << 3 | END_OF_GROUP]), id="a group ends that never began"),
        pytest.param(KEY + ONE + bytes([4 << 3 | GROUP]), id="a group that never ends"),
        pytest.param(KEY + bytes([4 << 3 | GROUP]) + ONE, id="all of it in a group"),
        pytest.param(KEY + ONE + bytes([4 << 3 | GROUP, 5 << 3 | END_OF_GROUP]), id="another group ends"),
        pytest.param(KEY + ONE + b"\x23" * 101 + b"\x24" * 101, id="groups too deep"),
    ],
)
def test_a_broken_message_is_an_ordinary_record(message: bytes) -> None:
    """The checksum is right, and the message is not: it is kept whole, and nothing of it is scored."""
    assert split(sealed(message)) is None


SKIPPED = [
    pytest.param(field(4, 2**64 - 1), id="varint"),
    pytest.param(field(4, b"\xff"), id="length-delimited"),
    pytest.param(field(2**29 - 1, b""), id="greatest field number"),
    pytest.param(bytes([4 << 3 | FIXED_64]) + bytes(8), id="fixed64"),
    pytest.param(bytes([4 << 3 | FIXED_32]) + bytes(4), id="fixed32"),
    pytest.param(bytes([4 << 3 | GROUP, 4 << 3 | END_OF_GROUP]), id="empty group"),
    pytest.param(b"\x23" + KEY + sub_record(b"inside") + field(1, 9) + b"\x24", id="full group"),
    pytest.param(b"\x23" * MAX_GROUP_DEPTH + b"\x24" * MAX_GROUP_DEPTH, id="deep groups"),
    pytest.param(b"\x0d" + bytes(4), id="known field as another type"),
]


@pytest.mark.parametrize("unknown", SKIPPED)
def test_fields_of_a_later_format_are_passed_over(unknown: bytes) -> None:
    """Whatever their wire type, and on both levels: what is known keeps its meaning."""
    record = field(3, unknown + field(1, 0) + unknown + field(3, b"data") + unknown)
    assert split(sealed(unknown + KEY + unknown + record + unknown)) == [SubRecord("key", b"data")]


def test_what_protobuf_allows_is_allowed() -> None:
    """Tables after the records, parts in any order, a repeated part (the last counts), padded numbers."""
    twice = field(3, field(3, b"a") + field(1, 9) + field(3, b"b") + b"\x88\x80\x00\x80\x80\x00")
    assert split(sealed(twice + sub_record(b"", key=1) + KEY + field(1, b""))) == [("key", b"b"), ("", b"")]
    # Bits beyond 64 are dropped.
    assert split(sealed(KEY + sub_record(b"c", key=2**64) + b"\x22" + varint(2**64 | 1) + b"x")) == [
        ("key", b"c")
    ]


def test_more_sub_records_than_a_batch_are_not_taken_apart() -> None:
    """10,000 are split, one more is kept whole; so is a table of keys that no sub-record needs."""
    full = KEY + sub_record(b"") * MAX_SUB_RECORDS
    assert len(split(sealed(full)) or ()) == MAX_SUB_RECORDS
    assert split(sealed(full + sub_record(b""))) is None
    assert len(split(sealed(field(1, b"k") * MAX_KEYS + ONE)) or ()) == 1
    assert split(sealed(field(1, b"k") * (MAX_KEYS + 1) + ONE)) is None


@pytest.mark.parametrize(
    "part", [sub_record(b""), field(1, b"k"), field(2, b""), field(9, b""), b"\x20\x00", b"\x23", b"\x0a\x01"]
)
def test_a_bomb_takes_no_more_memory_than_its_bytes(part: bytes) -> None:
    """A large record of the tiniest parts is read, or refused, in a few times its own size."""
    payload = sealed(KEY + ONE + part * (1_000_000 // len(part)))
    tracemalloc.start()
    split(payload)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * len(payload)


PARTS = st.one_of(
    st.just(KEY),
    st.just(ONE),
    st.builds(
        field, st.integers(1, 5), st.integers(0, 2**64 - 1) | st.integers(0, 3) | st.binary(max_size=4)
    ),
    st.builds(
        lambda *parts: field(3, b"".join(parts)),
        *[st.builds(field, st.integers(1, 4), st.integers(0, 2))] * 2,
        st.builds(field, st.integers(1, 4), st.binary(max_size=8)),
    ),
    st.binary(max_size=3),
)
MESSAGES = st.lists(PARTS, max_size=8).map(b"".join)


@given(MESSAGES)
@example(KEY + ONE)
def test_googles_reader_agrees(message: bytes) -> None:
    """Whatever the message, sense or nonsense: both readers take the same records from it, or neither any."""
    assert split(sealed(message)) == split_as_google(sealed(message))


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_give_a_value(payload: bytes, is_sealed: bool) -> None:
    """Whatever arrives, splitting gives records or None and never raises."""
    found = split(sealed(payload) if is_sealed else MAGIC + payload)
    assert found is None or all(isinstance(record, SubRecord) for record in found)


@given(st.data())
def test_a_flipped_byte_is_noticed(data: st.DataObject) -> None:
    """One changed byte anywhere, and nothing is split: that is what the checksum is for."""
    payload = bytearray(aggregated([b"one", b"two"]))
    payload[data.draw(st.integers(0, len(payload) - 1))] ^= data.draw(st.integers(1, 255))
    assert split(bytes(payload)) is None
