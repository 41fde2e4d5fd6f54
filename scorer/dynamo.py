"""One BatchWriteItem request, with DynamoDB's answers sorted into written, unprocessed, temporary, for good.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec

from contract.prediction import Put
from scorer.aws.signed_http import Answer, Http
from scorer.errors import NoAnswerError, RefusedWriteError, TemporaryWriteError

HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem",
}
OK = 200
REQUEST_TIMEOUT = 408  # said by what stands in between, of a connection that was idle
TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
MAX_TOLD = 300  # characters of AWS's own message
# What botocore's standard mode retries, and what DynamoDB's documentation adds. An expired signature or token
# is not among them: the batch comes again, and is signed again, by whatever credentials there are then.
TEMPORARY_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalServerError",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)


class _Text(msgspec.Struct):
    S: str


class _Item(msgspec.Struct):
    customer_id: _Text
    event_key: _Text


class _PutRequest(msgspec.Struct):
    Item: _Item


class _Request(msgspec.Struct):
    PutRequest: _PutRequest


class _Success(msgspec.Struct):
    """The part we read; DynamoDB always says what it left unprocessed, were it nothing."""

    UnprocessedItems: dict[str, list[_Request]]


class _Failure(msgspec.Struct, rename={"kind": "__type"}):
    kind: str | None = None
    message: Any = None
    Message: Any = None


_decode_success = msgspec.json.Decoder(_Success).decode
_decode_failure = msgspec.json.Decoder(_Failure).decode


class BatchWriter:
    """Puts items into one table, one request per call, without retries of its own.

    A put may be sent twice, and again by a later delivery of its event: the item is the same each time.
    """

    def __init__(self, http: Http, table: str) -> None:
        self._http = http
        self._table = table
        self._begin = f'{{"RequestItems":{{{msgspec.json.encode(table).decode()}:['

    def __call__(self, puts: Sequence[Put]) -> list[Put]:
        """Write up to 25 items with different keys; returns those DynamoDB left unprocessed.

        Raises TemporaryWriteError for throttling, 5xx, a lost or slow connection and an answer that is not
        whole: that is no proof of a write. Raises RefusedWriteError for what never heals by itself.
        """
        body = f"{self._begin}{','.join([put.request for put in puts])}]}}}}".encode()
        try:
            answer = self._http.send("POST", "/", headers=HEADERS, body=body)
        except NoAnswerError as error:
            raise TemporaryWriteError(str(error)) from error
        _check_crc32(answer)
        if answer.status != OK:
            raise failure(answer.status, *_reason(answer))
        return self._unprocessed(puts, answer.body)

    def _unprocessed(self, puts: Sequence[Put], body: bytes) -> list[Put]:
        try:
            tables = _decode_success(body).UnprocessedItems
        except ValueError as error:  # UnicodeDecodeError among them
            raise TemporaryWriteError("dynamodb: an answer that does not say what was written") from error
        if not tables:
            return []
        by_key = {(put.customer_id, put.event_key): put for put in puts}
        items = [entry.PutRequest.Item for entry in tables.get(self._table, ())]
        left = {(item.customer_id.S, item.event_key.S) for item in items}
        if set(tables) != {self._table} or not left <= by_key.keys():
            raise TemporaryWriteError("dynamodb: an answer about items that were not sent")
        return [put for key, put in by_key.items() if key in left]


def failure(status: int, code: str, message: str) -> TemporaryWriteError | RefusedWriteError:
    """What an error answer means for the write. `message` is AWS's, which names attributes, not values."""
    told = f"dynamodb: {code or f'HTTP {status}'}"
    busy = status in {REQUEST_TIMEOUT, TOO_MANY_REQUESTS} or status >= SERVER_ERRORS
    if busy or code in TEMPORARY_CODES:
        return TemporaryWriteError(told)
    return RefusedWriteError(f"{told}: {' '.join(message.split())[:MAX_TOLD]}".rstrip(": "))


def _reason(answer: Answer) -> tuple[str, str]:
    """Code and message. The code may stand between a namespace and an address.

    https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization
    """
    try:
        found = _decode_failure(answer.body)
    except ValueError:
        return "", ""
    code = (found.kind or "").partition(":")[0].rpartition("#")[2]
    return code, str(found.message or found.Message or "")


def _check_crc32(answer: Answer) -> None:
    """DynamoDB sends a checksum of every body; botocore checks it too."""
    told = answer.headers.get("x-amz-crc32")
    if told is not None and told != str(zlib.crc32(answer.body)):
        raise TemporaryWriteError("dynamodb: an answer that does not match its checksum")
