"""One customer from stream to oblivion on the embedded AWS: afterwards no byte of the id can be read."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from cli.main import main
from cli.stage import Stage
from infra.local.aws_edges import S3Destination
from infra.local.mapping import MappingSettings
from infra.local.outcome import RETRIES_EXHAUSTED, Batch
from infra.local.records import Record, event_of, record_from
from infra.local.stage import LocalStage
from scorer.read import ScoreReader
from tests.policies import Recorder, refused
from tests.scorer.batches import GRAPH, event
from tests.scorer.test_handler import Context
from tests.scorer.test_handler_emulated import Deployment, deployment  # noqa: F401 - a fixture

pytestmark = pytest.mark.emulator

ACCOUNT = "000000000000"
SHARD = "shardId-000000000000"


@dataclass
class Rig:
    """A stream, a table and a schema of their own, in the stage's bucket."""

    deployment: Deployment
    stage: Stage
    settings: MappingSettings
    read: int = 0

    def publish(self, *payloads: bytes, key: str) -> None:
        """Put records on the stream."""
        records = [{"Data": payload, "PartitionKey": key} for payload in payloads]
        answer = boto3.client("kinesis").put_records(StreamName=self.stage.stream, Records=records)
        assert answer["FailedRecordCount"] == 0

    def arrived(self) -> tuple[Record, ...]:
        """What has come since the last look, as the event source hands it over."""
        kinesis = boto3.client("kinesis")
        iterator = kinesis.get_shard_iterator(
            StreamName=self.stage.stream, ShardId=SHARD, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found = kinesis.get_records(ShardIterator=iterator)["Records"][self.read :]
        self.read += len(found)
        return tuple(record_from(raw, shard_id=SHARD, settings=self.settings) for raw in found)

    def score(self) -> None:
        """Let the function have it."""
        answer = self.deployment.invocations().handle(json.loads(event_of(self.arrived())), Context())
        assert answer == {"batchItemFailures": []}

    def give_up(self) -> None:
        """Let Lambda give it up."""
        keep = S3Destination(boto3.client("s3"), self.settings)
        keep(Batch(self.arrived()), shard_id=SHARD, condition=RETRIES_EXHAUSTED, outcome=None)


@pytest.fixture
def rig(
    deployment: Deployment,  # noqa: F811
    local_aws: LocalStage,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Rig]:
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    deployment.promote(GRAPH, "v1")
    stream = f"s-{uuid.uuid4().hex}"
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    table = deployment.settings.table
    stage = Stage("local", "churn-test", stream, table, local_aws.bucket, deployment.schema)
    for module in ("cli.forget", "cli.rejected"):
        monkeypatch.setattr(f"{module}.resolve_stage", lambda *_: stage)
    settings = MappingSettings(
        mapping_id=str(uuid.uuid4()),
        stream_arn=arn,
        function_arn="arn:aws:lambda:us-east-1:000000000000:function:scorer",
        on_failure_arn=f"arn:aws:s3:::{local_aws.bucket}",
    )
    yield Rig(deployment, stage, settings)
    kinesis.delete_stream(StreamName=stream)


def typed(words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON document of a command in this process."""
    capsys.readouterr()
    monkeypatch.setattr("sys.argv", f"churn {words} --json".split())
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    assert not ended.value.code, printed.err
    return json.loads(printed.out)


def names_of(rig: Rig) -> dict[str, str]:
    """What stands for the names of a stack in a policy."""
    places = {"STACK-ACCOUNT-REGION": rig.stage.bucket, "ACCOUNT": ACCOUNT, "REGION": rig.settings.region}
    return {"STACK-predictions": rig.stage.table, "STACK-events": rig.stage.stream, **places}


def readable_bytes(rig: Rig) -> Iterator[bytes]:
    """All that anybody could still read: items, index, and every version of every object; base64 too."""
    dynamodb, s3 = boto3.client("dynamodb"), boto3.client("s3")
    for index in ({}, {"IndexName": "by_risk"}):
        for page in dynamodb.get_paginator("scan").paginate(TableName=rig.stage.table, **index):
            yield json.dumps(page["Items"]).encode()
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=rig.stage.bucket):
        for each in page.get("Versions", ()):
            body = s3.get_object(Bucket=rig.stage.bucket, Key=each["Key"], VersionId=each["VersionId"])
            yield (raw := body["Body"].read())
            for line in raw.splitlines():
                if each["Key"].removeprefix("replayed/").startswith("rejected/"):
                    yield base64.b64decode(json.loads(line)["data"])
                elif "aws/lambda/" in each["Key"]:
                    for record in json.loads(json.loads(line)["payload"])["Records"]:
                        yield base64.b64decode(record["kinesis"]["data"])


def test_after_forgetting_no_byte_of_the_customer_can_be_read(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Scored, high and low, rejected, replayed, rejected again, given up: gone; another's events are not."""
    customer, other = f"c-{uuid.uuid4().hex}", f"o-{uuid.uuid4().hex}"
    now_ms = int(datetime.now(UTC).timestamp() * 1000)
    for each in (customer, other):
        events = [event(each, time_ms=now_ms - n, event_id=f"e{n}", tenure=n) for n in range(3)]
        for scored in events:  # one batch each, for a batch keeps only the newest
            rig.publish(scored, key=each)
            rig.score()
        rig.publish(event(each, tenure=-1), f'{{"subject": "{each}"'.encode(), key=f"{each[0]}-key")
    rig.score()
    assert typed("rejected replay", monkeypatch, capsys)["replayed"] >= 4
    rig.score()
    for each in (customer, other):
        rig.publish(event(each, time_ms=now_ms), b"{", key=each)
    rig.give_up()
    before = list(readable_bytes(rig))
    assert any(customer.encode() in raw for raw in before)

    with monkeypatch.context() as patched, Recorder(patched, rig.settings.region, ACCOUNT) as recorder:
        told = typed(f"scores forget {customer} --yes", patched, capsys)
    assert (told["scores"], told["unsure"], told["unknown"]) == (3, [], [])
    assert told["events"] == 6
    assert told["events_by_text"] == 2
    assert told["stream_until"] > datetime.now(UTC).isoformat()

    left = list(readable_bytes(rig))
    assert not any(customer.encode() in raw for raw in left)
    assert ScoreReader(rig.deployment.items).latest(other) is not None
    assert sum(other.encode() in raw for raw in left) == sum(other.encode() in raw for raw in before)
    assert refused(recorder.calls, "data-protection", names_of(rig)) == set()
    pending = [found.data for found in rig.stage.rejected().pending().records]
    assert [event(other, time_ms=now_ms), b"{"] == pending[-2:]
