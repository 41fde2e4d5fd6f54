"""KPL-aggregated records put together byte by byte, so that each part can also be wrong.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from scorer.aggregation import MAGIC

VARINT, FIXED_64, LENGTH_DELIMITED, GROUP, END_OF_GROUP, FIXED_32 = range(6)


def sealed(message: bytes) -> bytes:
    """A protobuf message between the magic number and its checksum."""
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field(number: int, value: int | bytes) -> bytes:
    """One field: a varint for an int, length-delimited for bytes."""
    if isinstance(value, int):
        return varint(number << 3 | VARINT) + varint(value)
    return varint(number << 3 | LENGTH_DELIMITED) + varint(len(value)) + value


def sub_record(data: bytes, *, key: int = 0, hash_key: int | None = None) -> bytes:
    """One entry of `records`, in the order of the KPL."""
    hash_part = b"" if hash_key is None else field(2, hash_key)
    return field(3, field(1, key) + hash_part + field(3, data))


def aggregated(datas: Sequence[bytes], *, key: str = "key") -> bytes:
    """A record as the KPL makes it: all data under one partition key."""
    return sealed(field(1, key.encode()) + b"".join(map(sub_record, datas)))


def aggregate(parts: Sequence[tuple[str, bytes]]) -> bytes:
    """The same for parts that each have a partition key of their own."""
    keys = list(dict.fromkeys(key for key, _ in parts))
    table = b"".join(field(1, key.encode()) for key in keys)
    return sealed(table + b"".join(sub_record(data, key=keys.index(key)) for key, data in parts))
