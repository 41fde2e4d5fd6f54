"""One BatchWriteItem request, with DynamoDB's answers sorted into written, unprocessed, temporary, fatal.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from contract.prediction import Item
from scorer.errors import TemporaryWriteError

TEMPORARY_CODES = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


class DynamoClient(Protocol):
    """The one call made of a DynamoDB client; botocore's has it."""

    def batch_write_item(self, **request: Any) -> Any: ...


class BatchWriter:
    """Puts items into one table, one request per call, without retries of its own."""

    def __init__(self, client: DynamoClient, table: str) -> None:
        self._client = client
        self._table = table

    def __call__(self, items: Sequence[Item]) -> list[Item]:
        """Write up to 25 items with different keys; returns those DynamoDB left unprocessed.

        Raises TemporaryWriteError for throttling, 5xx, a lost or slow connection and an answer cut short.
        Everything else (a
        missing table, a refused permission, an invalid item) never heals by itself and is raised unchanged.
        """
        request = {self._table: [{"PutRequest": {"Item": item}} for item in items]}
        try:
            answer = self._client.batch_write_item(RequestItems=request)
        except (ConnectionError, HTTPClientError) as error:
            raise TemporaryWriteError(f"DynamoDB: {type(error).__name__}") from error
        except ClientError as error:
            if _may_heal(error):
                raise TemporaryWriteError(f"DynamoDB: {error.response['Error']['Code']}") from error
            raise
        unprocessed = answer.get("UnprocessedItems")
        if unprocessed is None:
            # DynamoDB always says; botocore reads an answer that was cut short as one without members.
            raise TemporaryWriteError("DynamoDB: an answer that does not say what was left unprocessed")
        return [entry["PutRequest"]["Item"] for entry in unprocessed.get(self._table, ())]


def _may_heal(error: ClientError) -> bool:
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return error.response["Error"]["Code"] in TEMPORARY_CODES or status == 429 or status >= 500
