"""GetRecords without boto3's parser, which takes most of the CPU that an event source needs per record."""

from __future__ import annotations

from base64 import b64decode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, HTTPClientError

from infra.local.client_settings import ClientArguments

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

CONNECTIONS = 64
TIMEOUT_SECONDS = 30.0
HEADERS = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Kinesis_20131202.GetRecords"}
OK = 200


class _Record(msgspec.Struct):
    SequenceNumber: str
    PartitionKey: str
    Data: str
    ApproximateArrivalTimestamp: float


class _Answer(msgspec.Struct):
    Records: list[_Record]
    NextShardIterator: str | None = None


class _Failure(msgspec.Struct, rename={"kind": "__type"}):
    kind: str = "Unknown"
    message: str = ""


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_failure = msgspec.json.Decoder(_Failure).decode


class KinesisReads:
    """What a shard reader asks of Kinesis; all but GetRecords goes through the boto3 client it is given.

    Takes the arguments, gives the answers and raises the errors of that client; never retries.
    """

    def __init__(self, client: KinesisClient, arguments: ClientArguments) -> None:
        self.list_shards = client.list_shards
        self.get_shard_iterator = client.get_shard_iterator
        self._url = arguments["endpoint_url"] + "/"
        keys = Credentials(arguments["aws_access_key_id"], arguments["aws_secret_access_key"])
        self._auth = SigV4Auth(keys, "kinesis", arguments["region_name"])
        self._pool = urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=TIMEOUT_SECONDS)

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803 (AWS's spelling)
        """The next records of a shard. Raises ClientError and BotoCoreError."""
        body = msgspec.json.encode({"ShardIterator": ShardIterator, "Limit": Limit})
        request = AWSRequest("POST", self._url, data=body, headers=HEADERS)
        self._auth.add_auth(request)
        try:
            response = self._pool.request("POST", self._url, body=body, headers=dict(request.headers))
            answer = response.data
        except urllib3.exceptions.HTTPError as error:
            raise HTTPClientError(error=error) from error
        if response.status != OK:
            raise _error(response.status, answer)
        found = _decode_answer(answer)
        return {
            "Records": [
                {
                    "SequenceNumber": record.SequenceNumber,
                    "PartitionKey": record.PartitionKey,
                    "Data": b64decode(record.Data),
                    "ApproximateArrivalTimestamp": datetime.fromtimestamp(
                        record.ApproximateArrivalTimestamp, UTC
                    ),
                }
                for record in found.Records
            ],
            "NextShardIterator": found.NextShardIterator,
        }


def _error(status: int, body: bytes) -> ClientError:
    try:
        failure = _decode_failure(body)
    except ValueError:
        failure = _Failure()
    found = {"Code": failure.kind.rpartition("#")[2], "Message": failure.message}
    return ClientError({"Error": found, "ResponseMetadata": {"HTTPStatusCode": status}}, "GetRecords")  # type: ignore[typeddict-item]
