"""What Lambda makes of a stream's records."""

from __future__ import annotations

import json
import uuid
from typing import Any

import boto3

from infra.local.mapping import MappingSettings
from infra.local.records import event_of, record_from
from infra.local.stage import LocalStage


def through_kinesis(stage: LocalStage, *payloads: bytes) -> dict[str, Any]:
    """The event with which Lambda invokes, of records that went through a stream of their own."""
    kinesis = boto3.client("kinesis", **stage.client_arguments())
    name = f"runtime-{uuid.uuid4().hex}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    try:
        records: Any = [{"Data": payload, "PartitionKey": "key"} for payload in payloads]
        assert kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0
        described = kinesis.describe_stream(StreamName=name)["StreamDescription"]
        shard = described["Shards"][0]["ShardId"]
        start = kinesis.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        read: list[Any] = []
        while len(read) < len(payloads):
            answer = kinesis.get_records(ShardIterator=start["ShardIterator"])
            read = list(answer["Records"])
        function = "arn:aws:lambda:us-east-1:000000000000:function:scorer"
        settings = MappingSettings("mapping", described["StreamARN"], function)
        shaped = [record_from(raw, shard_id=shard, settings=settings) for raw in read]
        return dict(json.loads(event_of(shaped)))
    finally:
        kinesis.delete_stream(StreamName=name)
