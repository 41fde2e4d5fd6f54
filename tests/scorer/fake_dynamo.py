"""DynamoDB at the network edge, in memory, with its own limits: what it would refuse is refused here."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from botocore.exceptions import ClientError

from contract.prediction import Put
from scorer.dynamo import failure
from tests.scorer.fakes import client_error
from tests.scorer.peer import Received, from_dynamo

MAX_ITEMS = 25
MAX_PARTITION_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_ITEM_BYTES = 400_000
MAX_NUMBER_DIGITS = 38


class FakeDynamo:
    """BatchWriteItem on one table: called with puts as scorer.dynamo.BatchWriter is, or, as `request`, with
    the JSON of a request.

    `answer(request_number)` says how a request fares: an exception is raised, a number of items is left
    unprocessed, 0 writes everything. Items of `throttled_customers` are always left; a request of which
    nothing can be written is throttled as a whole.
    """

    def __init__(self, table: str, answer: Callable[[int], int | Exception] = lambda _: 0) -> None:
        self.table = table
        self.items: dict[tuple[str, str], dict[str, Any]] = {}
        self.request_sizes: list[int] = []
        self.answer = answer
        self.throttled_customers: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, puts: Sequence[Put]) -> list[Put]:
        """What BatchWriter returns and raises, without a network in between."""
        items = ",".join(put.request for put in puts)
        try:
            answer = self.request(f'{{"RequestItems":{{"{self.table}":[{items}]}}}}'.encode())
        except ClientError as error:
            told = error.response
            status = told["ResponseMetadata"]["HTTPStatusCode"]
            raise failure(status, told["Error"]["Code"], told["Error"]["Message"]) from error
        left = {_key(entry["PutRequest"]["Item"]) for entry in answer["UnprocessedItems"].get(self.table, ())}
        return [put for put in puts if (put.customer_id, put.event_key) in left]

    def request(self, body: bytes) -> dict[str, Any]:
        """Carry out one request; the answer as DynamoDB words it. Raises ClientError, or as `answer` says."""
        with self._lock:
            puts = self._checked(json.loads(body)["RequestItems"])
            number = len(self.request_sizes)
            self.request_sizes.append(len(puts))
            answer = self.answer(number)
            if isinstance(answer, Exception):
                raise answer
            taken = [item for item in puts if item["customer_id"]["S"] not in self.throttled_customers]
            if not taken:
                raise client_error("ThrottlingException")
            written = taken[: max(0, len(taken) - answer)]
            for item in written:
                self.items[_key(item)] = item
            left = [{"PutRequest": {"Item": item}} for item in puts if item not in written]
            return {"UnprocessedItems": {self.table: left} if left else {}}

    def over_http(self, _: int, received: Received) -> list[bytes]:
        """The same for a Peer: one request, one answer."""
        if received.headers.get("x-amz-target") != "DynamoDB_20120810.BatchWriteItem":
            return [from_dynamo(b'{"__type":"com.amazon.coral.service#UnknownOperationException"}', 400)]
        try:
            return [from_dynamo(json.dumps(self.request(received.body)).encode())]
        except ClientError as error:
            kind = f"com.amazonaws.dynamodb.v20120810#{error.response['Error']['Code']}"
            body = json.dumps({"__type": kind, "message": error.response["Error"]["Message"]}).encode()
            return [from_dynamo(body, error.response["ResponseMetadata"]["HTTPStatusCode"])]

    def _checked(self, requests: dict[str, Any]) -> list[dict[str, Any]]:
        if set(requests) != {self.table}:
            raise client_error("ResourceNotFoundException")
        puts = [entry["PutRequest"]["Item"] for entry in requests[self.table]]
        keys = [_key(item) for item in puts]
        if not 1 <= len(puts) <= MAX_ITEMS or len(set(keys)) != len(keys):
            raise client_error("ValidationException")
        for item, (partition, sort) in zip(puts, keys, strict=True):
            fits = 1 <= len(partition.encode()) <= MAX_PARTITION_KEY_BYTES
            if not fits or not 1 <= len(sort.encode()) <= MAX_SORT_KEY_BYTES or _size(item) > MAX_ITEM_BYTES:
                raise client_error("ValidationException")
            _check_numbers(item)
        return puts


def _key(item: dict[str, Any]) -> tuple[str, str]:
    return item["customer_id"]["S"], item["event_key"]["S"]


def _size(item: dict[str, Any]) -> int:
    """About what DynamoDB counts; rather more."""
    return len(json.dumps(item, ensure_ascii=False).encode())


def _check_numbers(value: Any) -> None:
    if isinstance(value, dict):
        if set(value) == {"N"}:
            _check_number(str(value["N"]))
        for child in value.values():
            _check_numbers(child)
    if isinstance(value, list):
        for child in value:
            _check_numbers(child)


def _check_number(text: str) -> None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise client_error("ValidationException") from None
    digits = "".join(map(str, number.as_tuple().digits)).strip("0")
    if not number.is_finite() or len(digits) > MAX_NUMBER_DIGITS:
        raise client_error("ValidationException")
    if number and not -130 <= number.adjusted() <= 125:
        raise client_error("ValidationException")
