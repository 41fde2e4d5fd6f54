"""A KPL-aggregated record, taken apart into the records that its producer put, without a protobuf runtime.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any, NamedTuple

MAGIC = b"\xf3\x89\x9a\xc2"
CHECKSUM_BYTES = 16  # MD5 of the protobuf message
# Lambda's largest batch, so one record makes no batch that could not come without aggregation. In a classic
# record of 1 MiB it refuses no valid events: the smallest has 108 bytes, so that less than 10,000 fit.
MAX_SUB_RECORDS = 10_000
MAX_KEYS = 2 * MAX_SUB_RECORDS  # of both kinds together; a producer writes none that no sub-record refers to
MAX_GROUP_DEPTH = 100  # protobuf's own recursion limit
MAX_VARINT, MAX_VARINT_BYTES = 2**64 - 1, 10
MAX_TAG, MAX_TAG_BYTES = 2**32 - 1, 5

# Wire types, https://protobuf.dev/programming-guides/encoding/
_VARINT, _FIXED_64, _LENGTH_DELIMITED, _GROUP, _END_OF_GROUP, _FIXED_32 = range(6)


def _tag(number: int, wire_type: int) -> int:
    return number << 3 | wire_type


MIN_TAG = _tag(1, _VARINT)
# message AggregatedRecord
_PARTITION_KEY = _tag(1, _LENGTH_DELIMITED)
_EXPLICIT_HASH_KEY = _tag(2, _LENGTH_DELIMITED)
_RECORD = _tag(3, _LENGTH_DELIMITED)
# message Record
_PARTITION_KEY_INDEX = _tag(1, _VARINT)
_EXPLICIT_HASH_KEY_INDEX = _tag(2, _VARINT)
_DATA = _tag(3, _LENGTH_DELIMITED)


class SubRecord(NamedTuple):
    """One record as its producer put it."""

    partition_key: str
    data: bytes


def split(payload: bytes) -> list[SubRecord] | None:
    """The sub-records of an aggregated record, in their order and at least one; None for anything else.

    Never raises. As in AWS's own libraries, a payload without the magic number, with another checksum or with
    a broken message is an ordinary record. So is one without any sub-record, or with more than
    MAX_SUB_RECORDS: the one would vanish from the accounts, the other could exhaust the memory.

    Unlike the Kinesis Client Library this keeps sub-records whose hash key belongs to another shard. Where
    the KPL sent them again after a resharding they are duplicates, which cost nothing; where another producer
    wrote them, nobody sends them again (https://github.com/awslabs/kinesis-aggregation/issues/11).
    """
    if not payload.startswith(MAGIC):
        return None
    message, checksum = payload[len(MAGIC) : -CHECKSUM_BYTES], payload[-CHECKSUM_BYTES:]
    if hashlib.md5(message, usedforsecurity=False).digest() != checksum:
        return None
    try:
        return _sub_records(message) or None
    except (ValueError, IndexError):  # an index beyond the end is how truncated bytes show
        return None


def _sub_records(message: bytes) -> list[SubRecord]:
    keys: list[str] = []
    hash_keys: list[str] = []
    records: list[tuple[int, int, bytes]] = []
    for tag, value in _fields(message):
        if tag == _RECORD:
            records.append(_record(value))
        elif tag == _PARTITION_KEY:
            keys.append(value.decode())
        elif tag == _EXPLICIT_HASH_KEY:
            hash_keys.append(value.decode())
        if len(records) > MAX_SUB_RECORDS or len(keys) + len(hash_keys) > MAX_KEYS:
            raise ValueError("more than we take apart")
    # Only now, for the tables may come after the records that refer to them.
    if any(hash_key >= len(hash_keys) for _, hash_key, _ in records):
        raise ValueError("an explicit hash key outside its table")
    return [SubRecord(keys[key], data) for key, _, data in records]


def _record(message: bytes) -> tuple[int, int, bytes]:
    """Index of the partition key, of the explicit hash key (-1 where there is none), and the data."""
    key = data = None
    hash_key = -1
    for tag, value in _fields(message):
        if tag == _DATA:
            data = value
        elif tag == _PARTITION_KEY_INDEX:
            key = value
        elif tag == _EXPLICIT_HASH_KEY_INDEX:
            hash_key = value
    if key is None or data is None:
        raise ValueError("a required field is missing")
    return key, hash_key, data


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Tag and value of each varint (int) and each length-delimited field (bytes), in order.

    Groups and fixed-width fields, which the format does not use, are passed over. Raises ValueError or
    IndexError where the bytes are not a protobuf message.
    """
    position, end = 0, len(message)
    groups: list[int] = []
    value: Any
    while position < end:
        # Most varints have one byte, and a call for each would double the time.
        tag = message[position]
        position += 1
        if tag > 0x7F:
            tag, position = _long_varint(message, position, MAX_TAG_BYTES)
        if not MIN_TAG <= tag <= MAX_TAG:
            raise ValueError("no field has this number")
        wire_type = tag & 7
        if wire_type > _LENGTH_DELIMITED or wire_type == _FIXED_64:
            position = _skip(tag, position, groups)
            continue
        value = message[position]
        position += 1
        if value > 0x7F:
            value, position = _long_varint(message, position, MAX_VARINT_BYTES)
        if wire_type == _LENGTH_DELIMITED:
            start, position = position, position + value
            value = message[start:position]
        if not groups and position <= end:
            yield tag, value
    if position > end or groups:
        raise ValueError("cut short")


def _long_varint(message: bytes, position: int, max_bytes: int) -> tuple[int, int]:
    """A varint of at least two bytes, of which the first was just read, and the position after it."""
    value = message[position - 1] & 0x7F
    if message[position] < 0x80:  # the length of nearly every event
        return value | message[position] << 7, position + 1
    for shift in range(7, 7 * max_bytes, 7):
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    else:
        raise ValueError("a varint without end")
    return value & MAX_VARINT, position  # as protobuf does with what 10 bytes can hold beyond 64 bits


def _skip(tag: int, position: int, groups: list[int]) -> int:
    """The position after a fixed-width value; a group is opened or closed in `groups`."""
    wire_type = tag & 7
    if wire_type == _FIXED_64:
        return position + 8
    if wire_type == _FIXED_32:
        return position + 4
    if wire_type == _GROUP and len(groups) < MAX_GROUP_DEPTH:
        groups.append(tag >> 3)
    elif wire_type != _END_OF_GROUP or not groups or groups.pop() != tag >> 3:
        raise ValueError("not a wire type, or groups that do not match")
    return position
