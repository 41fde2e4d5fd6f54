"""What all contestants score: one trained model, and batches of events as Lambda delivers them."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.manifest import Manifest
from contract.schema import FeatureSchema, load_schema
from producer.synthetic import customers, events
from training.data.dataset import table_from_rows
from training.workflow import train

SCHEMA = "telco"
CANDIDATE = "logistic_bins"
FIRST_BATCH = 10  # of a cold start: few, for what counts there is the start

Record = Mapping[str, Any]


@dataclass(frozen=True)
class Subject:
    """One model in all the forms that a contestant may need, and the records to score."""

    schema: FeatureSchema
    manifest: Manifest
    onnx: bytes
    pipeline: Any
    records: Sequence[Record]


def make_subject(training_rows: int, count: int) -> Subject:
    """A model trained on this many synthetic customers, and `count` records, each of another one."""
    schema = load_schema(SCHEMA)
    table = table_from_rows(customers(SCHEMA, training_rows, seed=0), schema, "synthetic")
    trained = train(table, schema, candidates=(CANDIDATE,))
    return Subject(schema, trained.manifest, trained.onnx, trained.pipeline, batch_of_records(count))


def batch_of_records(count: int) -> list[Record]:
    """A batch as Lambda delivers it, sent just now."""
    now_ms = time.time_ns() // 1_000_000
    return [
        {
            "eventID": f"shardId-000000000000:{sequence}",
            "eventName": "aws:kinesis:record",
            "eventSource": "aws:kinesis",
            "eventSourceARN": f"arn:aws:kinesis:us-east-1:000000000000:stream/churn-{SCHEMA}-bench",
            "eventVersion": "1.0",
            "awsRegion": "us-east-1",
            "invokeIdentityArn": "arn:aws:iam::000000000000:role/churn",
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": event.customer_id,
                "sequenceNumber": str(sequence),
                "data": base64.b64encode(event.payload).decode(),
                "approximateArrivalTimestamp": now_ms / 1000,
            },
        }
        for sequence, event in enumerate(
            events(SCHEMA, count, 1, customers=count, now_ms=now_ms),
            start=49_590_338_271_490_256_608_559_692_538_361_571_095,
        )
    ]
