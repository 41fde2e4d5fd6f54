"""The event source and the metrics extractor on a real function of the embedded AWS, with faults injected."""

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config

from infra.local.aws_edges import LambdaInvoker, S3Destination
from infra.local.event_source import EventSource
from infra.local.mapping import MappingSettings, read_settings
from infra.local.metrics_extractor import MetricsExtractor
from infra.local.outcome import NotInvoked, Outcome
from infra.local.stage import LocalStage

pytestmark = pytest.mark.emulator

# Raises on "raise", reports "retry", and prints one EMF line with the number of records it was given.
HANDLER = """
import base64, json, time

def handler(event, context):
    data = [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]
    directive = {"Namespace": "EventSourceTest", "Dimensions": [["service"]],
                 "Metrics": [{"Name": "Records", "Unit": "Count"}]}
    emf = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    print(json.dumps({"_aws": emf, "service": "test", "Records": len(data)}))
    if b"raise" in data:
        raise ValueError("poison")
    failed = [r["kinesis"]["sequenceNumber"] for r, d in zip(event["Records"], data) if d == b"retry"]
    return {"batchItemFailures": [{"itemIdentifier": number} for number in failed]}
"""


@dataclass
class Path:
    """A stream, a function and a mapping of their own, and clients to look at them."""

    stage: LocalStage
    stream: str
    settings: MappingSettings

    def client(self, service: str) -> Any:
        factory: Any = boto3.client
        return factory(service, config=Config(max_pool_connections=32), **self.stage.client_arguments())

    def publish(self, *data: bytes) -> list[str]:
        """One record each, all with one key; the sequence numbers."""
        records = [{"Data": item, "PartitionKey": "customer"} for item in data]
        answer = self.client("kinesis").put_records(StreamName=self.stream, Records=records)
        assert answer["FailedRecordCount"] == 0
        return [record["SequenceNumber"] for record in answer["Records"]]

    def discarded(self) -> list[dict[str, Any]]:
        """The invocation records in the on-failure destination, in order of their first record."""
        s3 = self.client("s3")
        prefix = f"aws/lambda/{self.settings.mapping_id}/shardId-000000000000/"
        listed = s3.list_objects_v2(Bucket=self.stage.bucket, Prefix=prefix).get("Contents", [])
        read = [s3.get_object(Bucket=self.stage.bucket, Key=item["Key"])["Body"].read() for item in listed]
        return sorted(map(json.loads, read), key=lambda d: d["KinesisBatchInfo"]["startSequenceNumber"])

    def run_until(self, done: str, invoke: Callable[[bytes], Outcome] | None = None) -> None:
        """Run the event source until the checkpoint is at the record `done`."""
        client = self.client("lambda")
        source = EventSource(
            settings=self.settings,
            kinesis=self.client("kinesis"),
            invoke=invoke or LambdaInvoker(client, self.settings.function),
            discard=S3Destination(self.client("s3"), self.settings),
        )
        deadline = time.monotonic() + 20
        with source:
            while source.checkpoints.get("shardId-000000000000") != done:
                assert time.monotonic() < deadline, f"stuck at {source.checkpoints}"
                time.sleep(0.02)


@pytest.fixture
def path(local_aws: LocalStage, request: pytest.FixtureRequest) -> Iterator[Path]:
    name = "event-source-" + request.node.name.replace("_", "-")[-40:].strip("-")
    arguments = local_aws.client_arguments()
    kinesis, functions = boto3.client("kinesis", **arguments), boto3.client("lambda", **arguments)
    kinesis.create_stream(StreamName=name, ShardCount=1)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("tiny.py", HANDLER)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/test",
        Handler="tiny.handler",
        Code={"ZipFile": code.getvalue()},
        Timeout=10,
    )
    mapping = functions.create_event_source_mapping(
        EventSourceArn=kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"],
        FunctionName=name,
        Enabled=False,
        StartingPosition="TRIM_HORIZON",
        BatchSize=100,
        FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=2,
        MaximumRecordAgeInSeconds=3600,
        DestinationConfig={"OnFailure": {"Destination": f"arn:aws:s3:::{local_aws.bucket}"}},
    )
    yield Path(local_aws, name, read_settings(functions, mapping["UUID"]))
    functions.delete_event_source_mapping(UUID=mapping["UUID"])
    functions.delete_function(FunctionName=name)
    kinesis.delete_stream(StreamName=name)


def test_poison_is_isolated_and_kept_with_its_payload(path: Path) -> None:
    """Of ten records, two make the function raise: those two end in S3, each alone, after three tries."""
    numbers = path.publish(*(b"raise" if n in (3, 7) else b"fine" for n in range(10)))
    path.run_until(numbers[-1])
    discarded = path.discarded()
    assert [d["KinesisBatchInfo"]["startSequenceNumber"] for d in discarded] == [numbers[3], numbers[7]]
    for document in discarded:
        assert document["KinesisBatchInfo"]["batchSize"] == 1
        assert document["requestContext"]["condition"] == "RetryAttemptsExhausted"
        (record,) = json.loads(document["payload"])["Records"]
        assert record["kinesis"]["data"] == "cmFpc2U="


def test_what_is_reported_for_retry_is_not_lost(path: Path) -> None:
    """A record reported until its retries are used up is kept; those before and after it succeed."""
    numbers = path.publish(b"fine", b"fine", b"retry", b"fine")
    path.run_until(numbers[-1])
    (document,) = path.discarded()
    assert document["KinesisBatchInfo"]["startSequenceNumber"] == numbers[2]
    assert document["KinesisBatchInfo"]["batchSize"] == 1
    assert document["responseContext"]["functionError"] is None


def test_throttles_between_stream_and_function_lose_nothing(path: Path) -> None:
    """Four throttles, more than the retries allowed, and no record is given up."""
    left = [4]
    real = LambdaInvoker(path.client("lambda"), path.settings.function)
    lock = threading.Lock()

    def throttled(event: bytes) -> Outcome:
        with lock:
            left[0] -= 1
            return NotInvoked("TooManyRequestsException") if left[0] >= 0 else real(event)

    numbers = path.publish(b"fine", b"fine")
    path.run_until(numbers[-1], throttled)
    assert path.discarded() == []


def test_the_log_becomes_metrics_once(path: Path) -> None:
    """What the function printed as EMF can be read from CloudWatch, and extracting again adds nothing."""
    numbers = path.publish(*[b"fine"] * 250)
    path.run_until(numbers[-1])
    extractor = MetricsExtractor(
        logs=path.client("logs"),
        cloudwatch=path.client("cloudwatch"),
        log_group=f"/aws/lambda/{path.settings.function}",
    )
    found = 0
    deadline = time.monotonic() + 10
    while found < 3 and time.monotonic() < deadline:
        found += extractor.extract()
        time.sleep(0.02)
    assert extractor.extract() == 0
    now = datetime.now(UTC)
    statistics = path.client("cloudwatch").get_metric_statistics(
        Namespace="EventSourceTest",
        MetricName="Records",
        Dimensions=[{"Name": "service", "Value": "test"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=600,
        Statistics=["Sum"],
    )
    assert sum(point["Sum"] for point in statistics["Datapoints"]) == 250
