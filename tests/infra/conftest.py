"""Builders of records and settings for the event source's tests."""

from collections.abc import Callable
from typing import Any

import pytest

from infra.local.mapping import MappingSettings
from infra.local.records import Record

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:scorer"
ARRIVED_AT = 1_700_000_000.0


@pytest.fixture
def settings() -> Callable[..., MappingSettings]:
    """Makes mapping settings; what is not given has AWS's default, but partial responses are on."""

    def make(**chosen: Any) -> MappingSettings:
        values = {
            "mapping_id": "11111111-2222-3333-4444-555555555555",
            "stream_arn": STREAM_ARN,
            "function_arn": FUNCTION_ARN,
            "reports_item_failures": True,
            **chosen,
        }
        return MappingSettings(**values)

    return make


@pytest.fixture
def records() -> Callable[..., tuple[Record, ...]]:
    """Makes `count` records with sequence numbers from 1 on, one second apart."""

    def make(count: int, *, key: str = "customer", arrived_at: float = ARRIVED_AT) -> tuple[Record, ...]:
        return tuple(Record(str(n), key, arrived_at + n - 1, b'{"n": %d}' % n) for n in range(1, count + 1))

    return make
