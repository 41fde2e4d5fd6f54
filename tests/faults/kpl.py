"""The Kinesis Producer Library's aggregated record, encoded by hand: magic, protobuf, MD5 of the protobuf.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

MAGIC = b"\xf3\x89\x9a\xc2"
KEY_TABLE, RECORDS = 1, 3  # fields of AggregatedRecord
KEY_INDEX, DATA = 1, 3  # fields of Record
VARINT, BYTES = 0, 2  # wire types


def aggregate(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """One record that holds `parts`, each a partition key and its data."""
    keys = list(dict.fromkeys(key for key, _ in parts))
    table = b"".join(_field(KEY_TABLE, key.encode()) for key in keys)
    records = b"".join(
        _field(RECORDS, _varint(KEY_INDEX << 3 | VARINT) + _varint(keys.index(key)) + _field(DATA, data))
        for key, data in parts
    )
    message = table + records
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _field(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | BYTES) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    encoded = b""
    while value > 0x7F:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])
