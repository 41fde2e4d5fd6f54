"""One batch to Kinesis: success is read record by record, and only what was refused is sent again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as AwsConnectionError

from producer.errors import NotPublishedError
from producer.kinesis import KinesisClient, Record, Refused
from producer.stopping import Stop

# Whole-request errors that heal by waiting; any other 4xx (no such stream, no permission) never does.
HEALING_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "Throttling",
        "RequestLimitExceeded",
        "LimitExceededException",
        "KMSThrottlingException",
        "InternalFailure",
        "InternalFailureException",
        "ServiceUnavailable",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
MAX_ATTEMPTS = 10
MAX_BACKOFF_SECONDS = 5.0
STOPPED = "NotAttempted"
MISMATCH = "ResponseMismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often and how patiently: full jitter over an exponentially growing ceiling.

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    max_attempts: int = MAX_ATTEMPTS
    base_seconds: float = 0.1
    cap_seconds: float = MAX_BACKOFF_SECONDS

    def __post_init__(self) -> None:
        if self.max_attempts < 1:
            raise ValueError(f"max_attempts: found {self.max_attempts}, expected at least 1")

    def pause_seconds(self, attempt: int) -> float:
        """How long to wait after the `attempt`-th failure, counted from 1."""
        ceiling = min(self.cap_seconds, self.base_seconds * 2.0 ** (attempt - 1))
        return random.uniform(0.0, ceiling)  # noqa: S311  # spreads load, guards nothing


class Delivery(NamedTuple):
    """Where every record of a batch ended. `failure` is set when the stream itself cannot be used."""

    published: int
    refused: list[Refused]
    failure: NotPublishedError | None = None


def deliver(
    records: Sequence[Record], *, client: KinesisClient, stream_name: str, retry: Retry, stop: Stop
) -> Delivery:
    """Send up to 500 records, resending what Kinesis refuses until it is taken or attempts run out.

    `published` and `refused` always add up to the records given, and keep their order. An accepted record is
    never sent again; where a call breaks off without an answer the whole request is repeated, so a record may
    arrive twice, with the same event id. Never raises: what cannot heal comes back as `failure`.
    """
    waiting, refused = list(records), [record.refused(STOPPED, "") for record in records]
    for attempt in range(1, retry.max_attempts + 1):
        if stop.is_set():
            break
        try:
            answers = _put(client, stream_name, waiting)
        except Exception as error:
            refused = [record.refused(*_code_and_message(error)) for record in waiting]
            failure = NotPublishedError(
                f"stream {stream_name!r}: {_in_one_line(error)}; check its name, region and permissions"
            )
            failure.__cause__ = error
            return Delivery(len(records) - len(waiting), refused, failure)
        kept = [(record, answer) for record, answer in zip(waiting, answers, strict=True) if answer]
        waiting = [record for record, _ in kept]
        refused = [record.refused(*answer) for record, answer in kept if answer]
        if not waiting or (attempt < retry.max_attempts and stop.wait(retry.pause_seconds(attempt))):
            break
    return Delivery(len(records) - len(waiting), refused)


_Answer = tuple[str, str] | None


def _put(client: KinesisClient, stream_name: str, records: Sequence[Record]) -> list[_Answer]:
    """One call: None for each accepted record, (code, message) for each refused one.

    Raises only what waiting does not heal.
    """
    entries = [{"PartitionKey": record.customer_id, "Data": record.payload} for record in records]
    try:
        response = client.put_records(StreamName=stream_name, Records=entries)
    except ClientError as error:
        if not _heals(error.response):
            raise
        return [_code_and_message(error)] * len(records)
    except (HTTPClientError, AwsConnectionError) as error:
        return [_code_and_message(error)] * len(records)
    results = response.get("Records") or []
    if len(results) != len(records):
        # Nobody can say which ones were taken: send all again, the event ids make duplicates harmless.
        return [(MISMATCH, f"{len(results)} results for {len(records)} records")] * len(records)
    return [
        (result["ErrorCode"], result.get("ErrorMessage", "")) if result.get("ErrorCode") else None
        for result in results
    ]


def _heals(response: Any) -> bool:
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return response.get("Error", {}).get("Code") in HEALING_CODES or status == 429 or status >= 500


def _in_one_line(error: Exception) -> str:
    return " ".join(": ".join(_code_and_message(error)).split())


def _code_and_message(error: Exception) -> tuple[str, str]:
    if isinstance(error, ClientError):
        found = error.response.get("Error", {})
        return found.get("Code") or "Unknown", found.get("Message", "")
    return type(error).__name__, str(error)
