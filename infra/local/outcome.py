"""What becomes of a batch, rule by rule, as AWS documents it for Kinesis; no I/O, no clock.

Sources, AWS Lambda developer guide:
[errors] "Retain discarded batch records for a Kinesis Data Streams event source in Lambda";
[partial] "Configuring partial batch response with Kinesis Data Streams and Lambda".
"""

import json
from dataclasses import dataclass, replace
from typing import Any

from infra.local.mapping import FOREVER, MappingSettings
from infra.local.records import Record

RETRIES_EXHAUSTED = "RetryAttemptsExhausted"
AGE_EXCEEDED = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class Batch:
    """Records in stream order (never empty), the retries they used up, and how often they were sent."""

    records: tuple[Record, ...]
    retries: int = 0
    invokes: int = 0


@dataclass(frozen=True, slots=True)
class NotInvoked:
    """The function did not run: throttled, or Lambda itself failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class FunctionFailed:
    """The function raised, timed out or died; `error` is Lambda's X-Amz-Function-Error."""

    error: str
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """The function returned; `payload` is its JSON response."""

    payload: bytes
    request_id: str = ""


Outcome = NotInvoked | FunctionFailed | Returned


@dataclass(frozen=True, slots=True)
class Decision:
    """The first `done` records are finished, `again` comes next in that order, `discarded` is given up.

    Every record of the batch is in exactly one of the three.
    """

    done: int = 0
    again: tuple[Batch, ...] = ()
    discarded: Batch | None = None


def decide(batch: Batch, outcome: Outcome, settings: MappingSettings) -> Decision:
    """Apply the mapping's failure settings to what an invocation gave."""
    match outcome:
        case NotInvoked():
            # [errors]: unable to invoke "due to throttling or other issues, it retries until the records
            # expire or exceed the maximum age": attempts are not counted.
            return Decision(again=(batch,))
        case FunctionFailed():
            return _whole_batch_failed(_sent(batch), settings)
        case Returned(payload=payload):
            first_failed = first_failure(payload, batch, settings)
            if first_failed is None:
                return Decision(done=len(batch.records))
            if first_failed == 0:
                # Nothing lies before the checkpoint, so this is a complete failure and bisects as one.
                return _whole_batch_failed(_sent(batch), settings)
            return _rest_failed(_sent(batch), first_failed, settings)


def first_failure(payload: bytes, batch: Batch, settings: MappingSettings) -> int | None:
    """The index of the record to restart from: the lowest reported one; None is success, 0 the whole batch.

    [partial]: an empty or null response or list is success; an empty, null or missing itemIdentifier
    fails the whole batch, and so does one that is not in it, or a response of another shape.
    """
    if not settings.reports_item_failures:
        return None
    try:
        response: Any = json.loads(payload) if payload.strip() else None
    except ValueError:
        return 0
    if response is None:
        return None
    if not isinstance(response, dict):
        return 0
    reported = response.get("batchItemFailures")
    if reported is None or reported == []:
        return None
    return _lowest(reported, batch) if isinstance(reported, list) else 0


def _lowest(reported: list[Any], batch: Batch) -> int:
    position = {record.sequence_number: index for index, record in enumerate(batch.records)}
    identifiers = [item.get("itemIdentifier") if isinstance(item, dict) else None for item in reported]
    known = [position[name] for name in identifiers if isinstance(name, str) and name in position]
    return min(known) if len(known) == len(identifiers) else 0


def _sent(batch: Batch) -> Batch:
    return replace(batch, invokes=batch.invokes + 1)


def _whole_batch_failed(batch: Batch, settings: MappingSettings) -> Decision:
    if settings.bisect and len(batch.records) > 1:
        # [errors]: "Splitting batches doesn't consume the retry quota."
        middle = (len(batch.records) + 1) // 2
        halves = batch.records[:middle], batch.records[middle:]
        return Decision(again=tuple(replace(batch, records=half) for half in halves))
    return _retry(batch, settings)


def _rest_failed(batch: Batch, first_failed: int, settings: MappingSettings) -> Decision:
    rest = replace(batch, records=batch.records[first_failed:])
    if settings.bisect:
        # [partial]: with both settings on "the batch is bisected at the returned sequence number and
        # Lambda retries only the remaining records": a split, so no retry is consumed.
        return Decision(done=first_failed, again=(rest,))
    return replace(_retry(rest, settings), done=first_failed)


def _retry(batch: Batch, settings: MappingSettings) -> Decision:
    if settings.retry_attempts != FOREVER and batch.retries >= settings.retry_attempts:
        return Decision(discarded=batch)
    return Decision(again=(replace(batch, retries=batch.retries + 1),))


def expire(batch: Batch, settings: MappingSettings, now: float) -> tuple[Batch | None, Batch | None]:
    """Split a batch into what may still be sent and what is older than MaximumRecordAgeInSeconds.

    `now` is epoch seconds. Applied before every send, the first included: the setting is "the maximum age
    of a record that Lambda sends to a function for processing" (CreateEventSourceMapping).
    """
    if settings.record_age_seconds == FOREVER:
        return batch, None
    oldest = now - settings.record_age_seconds
    fresh = tuple(record for record in batch.records if record.arrived_at >= oldest)
    expired = tuple(record for record in batch.records if record.arrived_at < oldest)
    return (
        replace(batch, records=fresh) if fresh else None,
        replace(batch, records=expired) if expired else None,
    )
