"""Kinesis at the network edge: keeps PutRecords' real limits, and fails the way a test asks for."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from botocore.exceptions import ClientError

MEGABYTE = 1_048_576
THROTTLED = "ProvisionedThroughputExceededException"

Verdict = str | None  # an error code, or None for accepted


def client_error(code: str, message: str = "as the test asked", status: int = 400) -> ClientError:
    """The exception boto3 raises for a whole request."""
    response: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "PutRecords")


class FakeKinesis:
    """Accepts records in order; `judge` says what happens to each, `calls` what happens to whole requests.

    `accepted` is every record taken, as (customer id, bytes); `requests` the size of every request that
    reached the stream. Sending a record again after it was accepted shows up as a count above one.
    """

    def __init__(
        self,
        judge: Callable[[bytes], Verdict] = lambda _: None,
        calls: Iterable[Exception | None] = (),
        stream_name: str = "events",
    ) -> None:
        self.accepted: list[tuple[str, bytes]] = []
        self.requests: list[int] = []
        self._judge = judge
        self._calls = deque(calls)
        self._stream_name = stream_name
        self._lock = threading.Lock()

    def put_records(self, *, StreamName: str, Records: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        """As AWS does it: the whole request is checked first, then each record is taken or refused."""
        with self._lock:
            if self._calls and (error := self._calls.popleft()):
                raise error
            self._check(StreamName, Records)
            self.requests.append(len(Records))
            results = [self._take(record) for record in Records]
        return {"FailedRecordCount": sum("ErrorCode" in result for result in results), "Records": results}

    def payloads(self) -> Counter[bytes]:
        """How often each payload was accepted."""
        return Counter(payload for _, payload in self.accepted)

    def _take(self, record: dict[str, Any]) -> dict[str, Any]:
        code = self._judge(record["Data"])
        if code:
            return {"ErrorCode": code, "ErrorMessage": "Rate exceeded for shard"}
        self.accepted.append((record["PartitionKey"], record["Data"]))
        return {"ShardId": "shardId-000000000000", "SequenceNumber": str(len(self.accepted))}

    def _check(self, stream_name: str, records: list[dict[str, Any]]) -> None:
        if stream_name != self._stream_name:
            raise client_error("ResourceNotFoundException", f"Stream {stream_name} not found")
        if not 1 <= len(records) <= 500:
            raise client_error("ValidationException", f"{len(records)} records, expected 1 to 500")
        sizes = [len(record["Data"]) + len(record["PartitionKey"].encode()) for record in records]
        if max(sizes) > MEGABYTE or sum(sizes) > 5 * MEGABYTE:
            raise client_error("ValidationException", "record or request too large")
        if not all(1 <= len(record["PartitionKey"]) <= 256 for record in records):
            raise client_error("ValidationException", "partition key must have 1 to 256 characters")
