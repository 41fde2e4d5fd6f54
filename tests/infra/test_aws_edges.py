"""The edges: what an invocation's answer means, and the object a discarded batch becomes."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from infra.local.aws_edges import LambdaInvoker, S3Destination, invocation_record, object_key
from infra.local.mapping import MappingSettings
from infra.local.outcome import Batch, FunctionFailed, NotInvoked, Returned
from infra.local.records import Record

Settings = Callable[..., MappingSettings]
Records = Callable[..., tuple[Record, ...]]
BUCKET_ARN = "arn:aws:s3:::churn-bucket"


class FakeLambda:
    """Answers as the Invoke API does, or raises what the client would."""

    def __init__(self, *, payload: bytes = b"null", error: str = "", raises: Exception | None = None) -> None:
        self._payload, self._error, self._raises = payload, error, raises

    def invoke(self, **_: Any) -> dict[str, Any]:
        if self._raises:
            raise self._raises
        failed = {"FunctionError": self._error} if self._error else {}
        meta = {"RequestId": "request-1"}
        return {"StatusCode": 200, "Payload": io.BytesIO(self._payload), "ResponseMetadata": meta, **failed}


def throttle() -> ClientError:
    return ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}}, "Invoke")


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (FakeLambda(payload=b'{"batchItemFailures":[]}'), Returned(b'{"batchItemFailures":[]}', "request-1")),
        (FakeLambda(payload=b"{}", error="Unhandled"), FunctionFailed("Unhandled", "request-1")),
        (FakeLambda(raises=throttle()), NotInvoked("TooManyRequestsException")),
    ],
)
def test_an_answer_is_told_apart_from_a_failure_and_a_throttle(answer: FakeLambda, outcome: object) -> None:
    """A 200 with FunctionError is the function's failure; a 429 is no invocation at all."""
    assert LambdaInvoker(answer, "scorer")(b"{}") == outcome  # type: ignore[arg-type]


def test_an_unreachable_endpoint_is_no_invocation_and_a_timeout_is_one() -> None:
    """What may have run counts as a failure of the function; what cannot have run does not."""
    unreachable = FakeLambda(raises=EndpointConnectionError(endpoint_url="http://127.0.0.1:1"))
    timed_out = FakeLambda(raises=ReadTimeoutError(endpoint_url="http://127.0.0.1:1"))
    assert isinstance(LambdaInvoker(unreachable, "scorer")(b"{}"), NotInvoked)  # type: ignore[arg-type]
    assert isinstance(LambdaInvoker(timed_out, "scorer")(b"{}"), FunctionFailed)  # type: ignore[arg-type]


def test_a_discarded_batch_is_the_documented_invocation_record(settings: Settings, records: Records) -> None:
    """The document has AWS's fields, and its payload is the event that the function was given."""
    document = invocation_record(
        Batch(records(2), retries=3, invokes=4),
        shard_id="shardId-000000000000",
        condition="RetryAttemptsExhausted",
        outcome=FunctionFailed("Unhandled", "request-1"),
        settings=settings(),
        now=datetime(2026, 11, 20, 10, 0, 0, 123_000, UTC),
    )
    assert document == {
        "requestContext": {
            "requestId": "request-1",
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:scorer",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-20T10:00:00.123Z",
        "KinesisBatchInfo": {
            "shardId": "shardId-000000000000",
            "startSequenceNumber": "1",
            "endSequenceNumber": "2",
            "approximateArrivalOfFirstRecord": "2023-11-14T22:13:20.000Z",
            "approximateArrivalOfLastRecord": "2023-11-14T22:13:21.000Z",
            "batchSize": 2,
            "streamArn": "arn:aws:kinesis:us-east-1:000000000000:stream/events",
        },
        "payload": '{"Records": [{"n": 1}, {"n": 2}]}',
    }


def test_the_object_key_follows_the_convention_of_aws() -> None:
    """aws/lambda/<ESM-UUID>/<shardID>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<Random UUID>."""
    key = object_key("esm-uuid", "shardId-000000000000", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    prefix = "aws/lambda/esm-uuid/shardId-000000000000/2026/01/02/2026-01-02T03.04.05-"
    assert re.fullmatch(re.escape(prefix) + r"[0-9a-f-]{36}", key)


def test_the_destination_is_the_bucket_of_the_mapping(settings: Settings, records: Records) -> None:
    """One object per batch goes to the bucket that DestinationConfig names; without one, nothing is sent."""
    put: list[dict[str, Any]] = []

    class FakeS3:
        def put_object(self, **request: Any) -> None:
            put.append(request)

    for arn in (BUCKET_ARN, None):
        destination = S3Destination(FakeS3(), settings(on_failure_arn=arn))  # type: ignore[arg-type]
        destination(Batch(records(1)), shard_id="shardId-0", condition="RecordAgeExceeded", outcome=None)
    (request,) = put
    assert request["Bucket"] == "churn-bucket"
    assert json.loads(request["Body"])["responseContext"] is None
