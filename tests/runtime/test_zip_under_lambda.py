"""The built zip under AWS's own runtime and emulator: what the deployed function does, without AWS."""

from __future__ import annotations

import base64
import json
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from infra.local.client_settings import HOST
from infra.local.stage import LocalStage
from scorer.metrics import METRIC_UNITS, REJECTED_METRICS
from tests.kpl import aggregated
from tests.runtime.conftest import MakeFunction
from tests.runtime.kinesis_event import through_kinesis
from tests.scorer.batches import ROW, batch_of, event
from tests.scorer.graphs import probability_by_hand

pytestmark = pytest.mark.emulator

THROTTLED = json.dumps(
    {
        "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
        "message": "The level of configured provisioned throughput for the table was exceeded.",
    }
).encode()


class ThrottlingTable(BaseHTTPRequestHandler):
    """A DynamoDB that throttles everything, in its own words."""

    protocol_version = "HTTP/1.1"
    requests = 0

    def do_POST(self) -> None:
        type(self).requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(THROTTLED)))
        self.send_header("x-amz-crc32", str(zlib.crc32(THROTTLED)))
        self.end_headers()
        self.wfile.write(THROTTLED)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def throttling_url() -> Iterator[str]:
    ThrottlingTable.requests = 0
    with ThreadingHTTPServer((HOST, 0), ThrottlingTable) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_address[1]}"
        server.shutdown()


def item_of(stage: LocalStage, customer: str) -> dict[str, Any]:
    dynamo = boto3.client("dynamodb", **stage.client_arguments())
    (item,) = dynamo.query(
        TableName=stage.table,
        KeyConditionExpression="customer_id = :c",
        ExpressionAttributeValues={":c": {"S": customer}},
    )["Items"]
    return dict(item)


def rejected_lines(stage: LocalStage, schema: str) -> list[dict[str, Any]]:
    s3 = boto3.client("s3", **stage.client_arguments())
    listed = s3.list_objects_v2(Bucket=stage.bucket, Prefix=f"rejected/{schema}/").get("Contents", [])
    bodies = [s3.get_object(Bucket=stage.bucket, Key=found["Key"])["Body"].read() for found in listed]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def test_a_batch_from_kinesis_ends_where_it_should(
    function: MakeFunction, local_aws: LocalStage, schema: str
) -> None:
    """Valid, broken and aggregated records: scores in DynamoDB, bytes in S3, one EMF line, no failures."""
    payload = aggregated([event("rt-packed-1", tenure=5), event("rt-packed-2", tenure=6)])
    invocation = through_kinesis(local_aws, event("rt-plain", tenure=4), b"{broken", payload)
    with function() as sandbox:
        assert sandbox.invoke(invocation) == {"batchItemFailures": []}
        assert sandbox.invoke({"Records": []}) == {"batchItemFailures": []}
        first, second = sandbox.metrics()
    for customer, tenure in (("rt-plain", 4), ("rt-packed-1", 5), ("rt-packed-2", 6)):
        stored = float(item_of(local_aws, customer)["probability"]["N"])
        assert stored == pytest.approx(probability_by_hand(ROW | {"tenure": tenure}), abs=1e-6)
    (line,) = rejected_lines(local_aws, schema)
    assert base64.b64decode(line["data"]) == b"{broken"
    assert set(METRIC_UNITS) - set(REJECTED_METRICS.values()) <= set(first)
    ends = ("EventsWritten", "EventsCollapsed", "EventsRejected", "EventsRetried")
    assert first["EventsReceived"][0] == sum(first[name][0] for name in ends) == 4
    assert (first["EventsWritten"], first["EventsRejected"], first["ModelLoads"]) == ([3.0], [1.0], [1.0])
    assert (second["EventsReceived"], second["ModelLoads"]) == ([0.0], [0.0])


def test_a_table_that_throttles_is_reported_for_retry(function: MakeFunction, throttling_url: str) -> None:
    """From the lowest record that is not in the table, after a few attempts, within the function's time."""
    batch = batch_of(b"{", event("rt-throttled-1"), event("rt-throttled-2"))
    with function(variables={"AWS_ENDPOINT_URL_DYNAMODB": throttling_url}, timeout_seconds=20) as sandbox:
        answer = sandbox.invoke({"Records": batch})
        (line,) = sandbox.metrics()
    assert answer["batchItemFailures"][0] == {"itemIdentifier": batch[1]["kinesis"]["sequenceNumber"]}
    assert ThrottlingTable.requests > 1
    assert (line["EventsWritten"], line["EventsRetried"]) == ([0.0], [2.0])


def test_without_a_model_the_invocation_fails(function: MakeFunction) -> None:
    """Lambda is told an error, and so delivers everything again; the line says that all is retried."""
    with function(variables={"CHURN_SCHEMA": "never-trained"}) as sandbox:
        answer = sandbox.invoke({"Records": batch_of(event("rt-unscored"), b"{")})
        (line,) = sandbox.metrics()
    assert answer["errorType"] == "NoUsableModelError"
    assert "never-trained" in answer["errorMessage"]
    assert (line["EventsReceived"], line["EventsRetried"]) == ([2.0], [2.0])


def test_the_handler_answers_before_its_time_is_over(function: MakeFunction) -> None:
    """With a table that takes connections and never answers, all is reported before Lambda would end it."""
    batch = batch_of(event("rt-silent"))
    with ThreadingHTTPServer((HOST, 0), BaseHTTPRequestHandler) as silent:  # listens, and nobody serves
        url = f"http://{HOST}:{silent.server_address[1]}"
        with function(variables={"AWS_ENDPOINT_URL_DYNAMODB": url}, timeout_seconds=5) as sandbox:
            answer = json.loads(sandbox.invoke_text({"Records": batch}))
    assert answer == {"batchItemFailures": [{"itemIdentifier": batch[0]["kinesis"]["sequenceNumber"]}]}
