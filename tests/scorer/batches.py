"""Kinesis batches as Lambda delivers them, and a scorer over fakes."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from contract.event import encode_event
from scorer.backoff import Patience
from scorer.batch import BatchScorer
from scorer.champion import ChampionWatcher, ModelStore
from scorer.objects import S3Objects
from scorer.rejected import RejectedStore
from scorer.table import PredictionTable
from tests.scorer.fake_dynamo import FakeDynamo
from tests.scorer.fakes import FakeS3
from tests.scorer.graphs import tiny_graph, tiny_manifest

NOW_MS = 1_795_168_800_000  # 2026-11-20T10:00:00Z
SHARD = "shardId-000000000000"
FIRST_SEQUENCE = 10**55 - 1
GRAPH = tiny_graph()
ROW: dict[str, Any] = {"tenure": 2, "charges": 80.0, "contract": "monthly", "partner": False}
RETENTION_DAYS = 30
FAR_DEADLINE = float("inf")


def sequence(position: int) -> str:
    """Sequence number of the record at one position; as text the first, 99…9, sorts after 100…0."""
    return str(FIRST_SEQUENCE + position)


def record(payload: bytes | str, position: int = 0) -> dict[str, Any]:
    """One entry of `Records`; text is taken as the base64 itself.

    https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
    """
    data = payload if isinstance(payload, str) else base64.b64encode(payload).decode()
    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "key",
            "sequenceNumber": sequence(position),
            "data": data,
            "approximateArrivalTimestamp": NOW_MS / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{SHARD}:{sequence(position)}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::000000000000:role/scorer",
        "awsRegion": "us-east-1",
        "eventSourceARN": "arn:aws:kinesis:us-east-1:000000000000:stream/events",
    }


def event(customer: str, *, time_ms: int = NOW_MS, event_id: str = "e1", **data: Any) -> bytes:
    """An event's bytes: ROW, with changes."""
    return encode_event(customer, ROW | data, event_id=event_id, time_ms=time_ms)


def batch_of(*payloads: bytes | str) -> list[dict[str, Any]]:
    """Records with rising sequence numbers."""
    return [record(payload, position) for position, payload in enumerate(payloads)]


@dataclass
class Rig:
    """A scorer with a promoted tiny model, over fakes; no test waits for a backoff."""

    answer: Callable[[int], int | Exception] = lambda _: 0
    s3: FakeS3 = field(default_factory=FakeS3)

    def __post_init__(self) -> None:
        self.now = 0.0
        self.waits = 0
        self.when_waited: Callable[[], None] = lambda: None
        self.dynamo = FakeDynamo("predictions", self.answer)
        self.s3.promote(GRAPH, tiny_manifest(GRAPH))
        objects = S3Objects(self.s3, "bucket")
        patience = Patience(monotonic=lambda: self.now, sleep=self._wait, jitter=lambda: 0.5)
        self.champion = ChampionWatcher(ModelStore(objects, "tiny"), patience=patience)
        self.rejected = RejectedStore(objects, "tiny")
        self.table = PredictionTable(self.dynamo, patience=patience)
        self.score = BatchScorer(
            champion=self.champion,
            table=self.table,
            rejected=self.rejected,
            retention_days=RETENTION_DAYS,
            clock=lambda: NOW_MS / 1000 + 1,
            patience=patience,
        )

    def _wait(self, _seconds: float) -> None:
        self.waits += 1
        self.when_waited()
