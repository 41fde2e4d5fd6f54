"""Peer: a Bytewax dataflow from Kinesis to DynamoDB, with onnxruntime in between. `make compare` runs it.

As its documentation recommends: a source of its own kind for Kinesis, one partition for each shard, which
remembers its place for recovery; whole batches scored in `flat_map_batch`; a sink that writes in batches; a
recovery store, so that a dataflow that died goes on where its last snapshot was.
https://github.com/bytewax/bytewax/blob/main/docs/guide/concepts/recovery.md

In its favour: our graph and onnxruntime, not scikit-learn, and only the probability is asked for; the shards
are read every 25 ms as the embedded event source reads them, where AWS allows five reads a second;
resharding is not followed; a bad event is dropped with a line of log, and neither types nor bounds are
checked; the event's time is stored as it was written; neither reasons nor unseen categories.
"""

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import boto3
import bytewax.operators as op
import numpy as np
import onnxruntime
from bytewax.dataflow import Dataflow
from bytewax.inputs import FixedPartitionedSource, StatefulSourcePartition
from bytewax.outputs import DynamicSink, StatelessSinkPartition

RETENTION = timedelta(days=30)
RISK_SHARDS = 16
POLL = timedelta(milliseconds=25)
RECORDS_PER_READ = 500

log = logging.getLogger(__name__)
settings: dict[str, Any] = json.loads(Path("settings.json").read_text())
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession("model.onnx", options, providers=["CPUExecutionProvider"])
NUMERIC = [each.name for each in session.get_inputs() if each.type == "tensor(float)"]
CATEGORICAL = [each.name for each in session.get_inputs() if each.type == "tensor(string)"]


class Shard(StatefulSourcePartition[bytes, str | None]):
    def __init__(self, kinesis: Any, shard: str, after: str | None) -> None:
        self._kinesis = kinesis
        self._after = after
        where = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
            if after
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        answer = kinesis.get_shard_iterator(StreamName=settings["stream"], ShardId=shard, **where)
        self._iterator = answer["ShardIterator"]
        self._awake: datetime | None = None

    def next_batch(self) -> Iterable[bytes]:
        answer = self._kinesis.get_records(ShardIterator=self._iterator, Limit=RECORDS_PER_READ)
        self._iterator = answer["NextShardIterator"]
        records = answer["Records"]
        if records:
            self._after = records[-1]["SequenceNumber"]
        self._awake = None if records else datetime.now(UTC) + POLL
        return [record["Data"] for record in records]

    def next_awake(self) -> datetime | None:
        return self._awake

    def snapshot(self) -> str | None:
        return self._after


class KinesisSource(FixedPartitionedSource[bytes, str | None]):
    def __init__(self) -> None:
        self._kinesis: Any = boto3.client("kinesis")

    def list_parts(self) -> list[str]:
        shards = self._kinesis.list_shards(StreamName=settings["stream"])["Shards"]
        return [shard["ShardId"] for shard in shards]

    def build_part(self, step_id: str, for_part: str, resume_state: str | None) -> Shard:  # noqa: ARG002
        return Shard(self._kinesis, for_part, resume_state)


class Writer(StatelessSinkPartition[dict[str, Any]]):
    def __init__(self) -> None:
        self._table: Any = boto3.resource("dynamodb").Table(settings["table"])

    def write_batch(self, items: list[dict[str, Any]]) -> None:
        with self._table.batch_writer(overwrite_by_pkeys=["customer_id", "event_key"]) as batch:
            for item in items:
                batch.put_item(Item=item)


class DynamoSink(DynamicSink[dict[str, Any]]):
    def build(self, step_id: str, worker_index: int, worker_count: int) -> Writer:  # noqa: ARG002
        return Writer()


def decode(payload: bytes) -> dict[str, Any] | None:
    try:
        event: dict[str, Any] = json.loads(payload)
        data = event["data"]
        row = {name: str(data[name]) for name in CATEGORICAL}
        row |= {name: data.get(name) for name in NUMERIC}
        return {"customer": event["subject"], "id": event["id"], "time": event["time"], "row": row}
    except (KeyError, TypeError, ValueError) as error:
        log.warning("not an event: %r", error)
        return None


def score(events: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    rows = [event["row"] for event in events]
    inputs = {name: np.array([[row[name]] for row in rows], dtype=np.float32) for name in NUMERIC}
    inputs |= {name: np.array([[row[name]] for row in rows], dtype=object) for name in CATEGORICAL}
    (probabilities,) = session.run(["probability"], inputs)
    now = datetime.now(UTC)
    for event, probability in zip(events, probabilities[:, 0].tolist(), strict=True):
        yield item_of(event, probability, now)


def item_of(event: dict[str, Any], probability: float, now: datetime) -> dict[str, Any]:
    band = band_of(probability)
    item = {
        "customer_id": event["customer"],
        "event_key": f"{event['time']}#{event['id']}",
        "probability": Decimal(f"{probability:.6f}"),
        "band": band,
        "model_version": settings["version"],
        "event_time": event["time"],
        "scored_at": now.isoformat(timespec="milliseconds"),
        "expires_at": int((now + RETENTION).timestamp()),
    }
    if band == "high":
        item["risk_shard"] = f"{crc32(event['customer'].encode()) % RISK_SHARDS:02d}"
    return item


def band_of(probability: float) -> str:
    if probability >= settings["high"]:
        return "high"
    return "medium" if probability >= settings["medium"] else "low"


flow = Dataflow("churn")
payloads = op.input("kinesis", flow, KinesisSource())
decoded = op.filter_map("decode", payloads, decode)
op.output("dynamodb", op.flat_map_batch("score", decoded, score), DynamoSink())
