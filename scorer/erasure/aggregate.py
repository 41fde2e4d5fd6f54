"""Sub-records put together again, where one of an aggregated record's had to go; scorer.aggregation splits.

https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from scorer.aggregation import MAGIC, SubRecord

_PARTITION_KEY, _RECORD = 1, 3  # fields of message AggregatedRecord
_KEY_INDEX, _DATA = 1, 3  # fields of message Record
_VARINT, _LENGTH_DELIMITED = 0, 2


def join(parts: Sequence[SubRecord]) -> bytes:
    """One aggregated record of `parts`, in their order; `scorer.aggregation.split` gives them back.

    Explicit hash keys are not kept: they chose the shard, and the record has been through it.
    """
    places = {key: place for place, key in enumerate(dict.fromkeys(part.partition_key for part in parts))}
    message = b"".join(_bytes(_PARTITION_KEY, key.encode()) for key in places)
    for part in parts:
        index = _varint(_KEY_INDEX << 3 | _VARINT) + _varint(places[part.partition_key])
        message += _bytes(_RECORD, index + _bytes(_DATA, part.data))
    return MAGIC + message + hashlib.md5(message, usedforsecurity=False).digest()


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
