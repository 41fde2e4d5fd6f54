"""PutRecords as a load test sends it: each record's end is read, and nothing is sent again."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Protocol

import msgspec

from loadtest.fresh_events import FreshEvent
from loadtest.json_service import CallError


class Service(Protocol):
    """What is used of a JsonService."""

    def call(self, action: str, body: bytes) -> bytes: ...


class _Record(msgspec.Struct):
    ErrorCode: str | None = None


class _Answer(msgspec.Struct):
    Records: list[_Record]
    FailedRecordCount: int = 0


_decode = msgspec.json.Decoder(_Answer).decode


class RefusedError(Exception):
    """Records that the stream refused, while it took the others of the same request."""


class StreamWriter:
    """Puts events onto one stream."""

    def __init__(self, kinesis: Service, stream: str) -> None:
        self._kinesis = kinesis
        self._begin = b'{"StreamName":' + msgspec.json.encode(stream) + b',"Records":['

    def put(self, events: Sequence[FreshEvent]) -> tuple[list[FreshEvent], RefusedError | None]:
        """Send up to 500 events in one request: those on the stream, and what to say of the others.

        Raises CallError where the whole request failed; without an answer nobody knows what was taken.
        """
        records = [
            b'{"Data":"%b","PartitionKey":%b}' % (b64encode(event.payload), event.partition_key)
            for event in events
        ]
        answer = self._kinesis.call("PutRecords", self._begin + b",".join(records) + b"]}")
        try:
            found = _decode(answer)
        except ValueError as error:
            raise CallError("BadAnswer", "PutRecords answered with what is no answer") from error
        if len(found.Records) != len(events):
            raise CallError("BadAnswer", f"{len(found.Records)} results for {len(events)} records")
        if not found.FailedRecordCount:
            return list(events), None
        ends = list(zip(events, found.Records, strict=True))
        codes = sorted({end.ErrorCode for _, end in ends if end.ErrorCode})
        told = f"{found.FailedRecordCount} of {len(events)} records refused: {', '.join(codes)}"
        return [event for event, end in ends if not end.ErrorCode], RefusedError(told)
