"""What the tests of load tests share: runs made up of a few figures, a stream and a table in memory."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import defaultdict
from dataclasses import replace
from typing import Any

from loadtest.accounting import Account
from loadtest.advice import BatchTiming
from loadtest.conduct import Conducted
from loadtest.json_service import CallError
from loadtest.locust_results import LATEST, PROBE, PUBLISH, Generator, Requests
from loadtest.measured import Measured

IDLE = Generator(
    processes=1,
    cores=0.2,
    busiest_cores=0.2,
    loop_late_p99_ms=2.0,
    memory_megabytes=90.0,
    measuring_since=0.0,
)
TIMING = BatchTiming(records=500.0, score_ms=10.0, write_ms=90.0)


def measured(
    *,
    published: int = 6000,
    missing: int = 0,
    rejected: int = 0,
    failures: int = 0,
    p95: float | None = 80.0,
    failed_probes: int = 0,
    age_ms: float | None = 100.0,
    achieved: float = 1.0,
    generator: Generator = IDLE,
) -> Measured:
    """Sixty seconds in which all went well, but for what is given."""
    account = Account(
        published=published,
        written=published - missing - rejected,
        collapsed=0,
        copies=0,
        rejected=rejected,
        misjudged=rejected,
        missing=missing,
        stale=0,
    )
    return Measured(
        account=account,
        made=published,
        requests={
            PUBLISH: Requests(600, failures, 5.0, 9.0, 12.0, 20.0, 10.0),
            PROBE: Requests(120, failed_probes, 40.0, p95, p95, p95, 1.0),
            LATEST: Requests(6000, 0, 3.0, 8.0, 11.0, 30.0, 1.0),
        },
        generator=generator,
        asked_events=published / achieved,
        publishing_seconds=60.0,
        settled_seconds=60.0,
        iterator_age_ms=age_ms,
        counted={},
    )


def conducted(run: Measured, timing: BatchTiming | None = TIMING) -> Conducted:
    return Conducted(run, {}, timing)


class FakeKinesis:
    """PutRecords; `refuses` says which partition keys get an error, and `breaks` raises for all."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.refuses: set[str] = set()
        self.breaks: str = ""
        self.short = False

    def call(self, action: str, body: bytes) -> bytes:
        assert action == "PutRecords"
        if self.breaks:
            raise CallError(self.breaks)
        asked = json.loads(body)["Records"]
        assert len(asked) <= 500
        ends: list[dict[str, Any]] = []
        for record in asked:
            if record["PartitionKey"] in self.refuses:
                ends.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"})
            else:
                self.records.append((record["PartitionKey"], b64decode(record["Data"])))
                ends.append({"SequenceNumber": "1", "ShardId": "s"})
        failed = sum("ErrorCode" in end for end in ends)
        return json.dumps(
            {"FailedRecordCount": failed, "Records": ends[: -1 if self.short else None]}
        ).encode()


class FakeTable:
    """Query by customer, two items a page."""

    def __init__(self) -> None:
        self.items: defaultdict[str, list[str]] = defaultdict(list)
        self.requests: list[dict[str, Any]] = []

    def call(self, action: str, body: bytes) -> bytes:
        assert action == "Query"
        asked = json.loads(body)
        self.requests.append(asked)
        customer = asked["ExpressionAttributeValues"][":customer"]["S"]
        keys = sorted(self.items[customer], reverse=not asked.get("ScanIndexForward", True))
        after = asked.get("ExclusiveStartKey", {}).get("event_key", {}).get("S")
        start = keys.index(after) + 1 if after else 0
        page = keys[start : start + min(2, asked.get("Limit", 2))]
        answer: dict[str, Any] = {
            "Items": [{"event_key": {"S": key}, "scored_at": {"S": f"scored {key}"}} for key in page]
        }
        if start + len(page) < len(keys):
            answer["LastEvaluatedKey"] = {"event_key": {"S": page[-1]}}
        return json.dumps(answer).encode()


def busy(**changes: float) -> Generator:
    return replace(IDLE, **changes)  # type: ignore[arg-type]
