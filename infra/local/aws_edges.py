"""Where the event source touches AWS: invoking the function, and keeping what is given up in S3."""

import json
import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from infra.local.mapping import MappingSettings
from infra.local.outcome import Batch, FunctionFailed, NotInvoked, Outcome, Returned
from infra.local.records import event_of

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client

log = logging.getLogger(__name__)


class LambdaInvoker:
    """Invokes the deployed function synchronously and says what came of it; never raises for AWS errors.

    `client` must not retry by itself (total_max_attempts=1): the event source does.
    """

    def __init__(self, client: "LambdaClient", function: str) -> None:
        self._client = client
        self._function = function

    def __call__(self, event: bytes) -> Outcome:
        """Send one event; a throttle or a Lambda failure is NotInvoked, anything of the function's is not."""
        try:
            response = self._client.invoke(FunctionName=self._function, Payload=event)
            payload = response["Payload"].read()
        except ReadTimeoutError as error:
            return FunctionFailed(f"no answer: {error}")
        except ClientError as error:
            return NotInvoked(error.response["Error"]["Code"])
        except BotoCoreError as error:
            return NotInvoked(str(error))
        request_id = response["ResponseMetadata"]["RequestId"]
        if response.get("FunctionError"):
            log.warning("the function failed: %s", payload[:500].decode(errors="replace"))
            return FunctionFailed(response["FunctionError"], request_id)
        return Returned(payload, request_id)


class S3Destination:
    """Keeps discarded batches in the mapping's S3 on-failure destination, payload included.

    Key and document follow the AWS Lambda developer guide, "Retain discarded batch records for a Kinesis
    Data Streams event source in Lambda". Without a destination the batch is only logged, as on AWS it is
    only counted.
    """

    def __init__(self, client: "S3Client", settings: MappingSettings) -> None:
        self._client = client
        self._settings = settings

    def __call__(self, batch: Batch, *, shard_id: str, condition: str, outcome: Outcome | None) -> None:
        """Write one object; raises what the client raises."""
        log.warning("giving up %d records of %s: %s", len(batch.records), shard_id, condition)
        if self._settings.on_failure_arn is None:
            return
        now = datetime.now(UTC)
        document = invocation_record(
            batch, shard_id=shard_id, condition=condition, outcome=outcome, settings=self._settings, now=now
        )
        self._client.put_object(
            Bucket=self._settings.on_failure_arn.rsplit(":", 1)[1],
            Key=object_key(self._settings.mapping_id, shard_id, now),
            Body=json.dumps(document).encode(),
            ContentType="application/json",
        )


def object_key(mapping_id: str, shard_id: str, now: datetime) -> str:
    """`aws/lambda/<ESM-UUID>/<shardID>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<Random UUID>`."""
    return f"aws/lambda/{mapping_id}/{shard_id}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}"


def invocation_record(
    batch: Batch,
    *,
    shard_id: str,
    condition: str,
    outcome: Outcome | None,
    settings: MappingSettings,
    now: datetime,
) -> dict[str, Any]:
    """The document of a discarded batch; `payload` holds the whole event as JSON text."""
    first, last = batch.records[0], batch.records[-1]
    return {
        "requestContext": {
            "requestId": getattr(outcome, "request_id", "") or str(uuid.uuid4()),
            "functionArn": settings.function_arn,
            "condition": condition,
            "approximateInvokeCount": batch.invokes,
        },
        "responseContext": _response_context(outcome),
        "version": "1.0",
        "timestamp": _instant(now.timestamp()),
        "KinesisBatchInfo": {
            "shardId": shard_id,
            "startSequenceNumber": first.sequence_number,
            "endSequenceNumber": last.sequence_number,
            "approximateArrivalOfFirstRecord": _instant(first.arrived_at),
            "approximateArrivalOfLastRecord": _instant(last.arrived_at),
            "batchSize": len(batch.records),
            "streamArn": settings.stream_arn,
        },
        "payload": event_of(batch.records).decode(),
    }


def _response_context(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None or isinstance(outcome, NotInvoked):
        return None
    error = outcome.error if isinstance(outcome, FunctionFailed) else None
    return {"statusCode": 200, "executedVersion": "$LATEST", "functionError": error}


def _instant(epoch_seconds: float) -> str:
    return (
        datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )
