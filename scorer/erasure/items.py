"""A customer's items in the predictions table: counted, and deleted until there are none.

The index by_risk follows the table by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from scorer.backoff import Patience
from scorer.errors import StillArrivingError, StorageError

MAX_ITEMS_PER_WRITE = 25  # BatchWriteItem limit
SECONDS_FOR_A_WRITE = 60.0  # of retries, where DynamoDB leaves items unprocessed
ROUNDS = 3

Key = dict[str, Any]  # in DynamoDB's own JSON


class TableClient(Protocol):
    """The calls made of a DynamoDB client; botocore's has them."""

    def query(self, **request: Any) -> Any: ...
    def batch_write_item(self, **request: Any) -> Any: ...


class CustomerItems:
    """One table. Every method raises StorageError where DynamoDB refuses or is not there."""

    def __init__(self, client: TableClient, table: str, *, patience: Patience | None = None) -> None:
        self._client = client
        self._table = table
        self._patience = patience or Patience()

    def count(self, customer_id: str) -> int:
        """How many items there are, those that have expired and are not deleted yet included."""
        return sum(1 for _ in self._keys(customer_id))

    def delete(self, customer_id: str) -> int:
        """Delete every item of a customer and look again; the number of those that were there.

        Raises StillArrivingError where new ones come as fast as they are deleted.
        """
        deleted = 0
        for _ in range(ROUNDS):
            keys = list(self._keys(customer_id))
            if not keys:
                return deleted
            remaining = iter(keys)
            while chunk := list(islice(remaining, MAX_ITEMS_PER_WRITE)):
                self._delete(chunk)
            deleted += len(keys)
        if self.count(customer_id):
            raise StillArrivingError("scores of this customer are written as fast as they are deleted")
        return deleted

    def _keys(self, customer_id: str) -> Iterator[Key]:
        request: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "customer_id = :customer",
            "ExpressionAttributeValues": {":customer": {"S": customer_id}},
            "ProjectionExpression": "customer_id, event_key",
            "ConsistentRead": True,  # what was just written counts, and what was just deleted does not
        }
        while True:
            try:
                answer = self._client.query(**request)
            except (ClientError, BotoCoreError) as error:
                raise self._failure("read", error) from error
            yield from answer["Items"]
            if not (last := answer.get("LastEvaluatedKey")):
                return
            request["ExclusiveStartKey"] = last

    def _delete(self, keys: Sequence[Key]) -> None:
        left: Any = {self._table: [{"DeleteRequest": {"Key": key}} for key in keys]}
        for _ in self._patience.attempts(self._patience.monotonic() + SECONDS_FOR_A_WRITE):
            try:
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            except (ClientError, BotoCoreError) as error:
                raise self._failure("written", error) from error
            if not left:
                return
        raise StorageError(
            f"table {self._table}: DynamoDB left items undeleted for {SECONDS_FOR_A_WRITE:.0f} s; "
            "run this again"
        )

    def _failure(self, participle: str, error: Exception) -> StorageError:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
        return StorageError(f"table {self._table} cannot be {participle} ({code})")
