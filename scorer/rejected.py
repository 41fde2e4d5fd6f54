"""What could not be scored, kept in S3 with its bytes until someone repairs and replays it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from contract.event import format_time
from contract.rejection import Rejected
from scorer.errors import ObjectMissingError, UnreadableObjectError
from scorer.records import Record, Records
from scorer.storage import Objects, WritableObjects

REJECTED_PREFIX = "rejected/"
# Where Lambda itself puts batches it gave up on; the rest of the key is <mapping>/<shard>/<date>/<time>-<id>.
# https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
UNDELIVERED_PREFIX = "aws/lambda/"
REPLAYED_PREFIX = "replayed/"
UNDELIVERED = "undelivered"
JSON_LINES = "application/x-ndjson"
DIGEST_LENGTH = 12
BATCH_OF_KEY = re.compile(r"/(\d+)-(\d+)-\w+\.jsonl$")  # the first and last sequence number of the batch


class RejectedRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a rejected object; `data` is the original bytes (base64 in the file).

    `kind` is a contract.rejection.Rejection, or "undelivered" for a record of a batch Lambda gave up on.
    `key` is the object it was read from and is not stored.
    """

    event_id: str
    kind: str
    reason: str
    field: str
    received_at: str
    partition_key: str
    data: bytes
    key: str = ""


class Pending(NamedTuple):
    """What waits for a replay: each record once, every object that holds one of them (even one that only
    repeats records of another), and a line for each object that could not be read.
    """

    records: list[RejectedRecord]
    keys: list[str]
    unreadable: list[str]

    def by_key(self) -> dict[str, list[RejectedRecord]]:
        """For every object, the records that are given from it; perhaps none."""
        found: dict[str, list[RejectedRecord]] = {key: [] for key in self.keys}
        for record in self.records:
            found[record.key].append(record)
        return found


class _Invocation(msgspec.Struct):
    """The part we read of the object Lambda writes; `payload` is the event, as an object or as JSON text."""

    requestContext: dict[str, Any]  # noqa: N815 (AWS's spelling)
    payload: Any


class RejectedWriter:
    """The rejected records of one schema, as the function keeps them."""

    def __init__(self, objects: WritableObjects, schema_name: str) -> None:
        self._writable = objects
        self._prefix = f"{REJECTED_PREFIX}{schema_name}/"

    def put(self, rejections: Sequence[tuple[Record, Rejected]], *, first: Record, last: Record) -> str:
        """Store what one batch rejected, as one object, and return its key. Raises StorageError.

        `first` and `last` are the batch's own ends. The same rejections of the same batch go to the same
        object; others never do, so that an instance that was slow, and wrote less, takes nothing away from
        one that has settled more.
        """
        lines = [msgspec.json.encode(_to_line(record, rejected)) for record, rejected in rejections]
        body = b"\n".join(lines) + b"\n"
        day = format_time(first.arrived_ms)[:10].replace("-", "/")
        digest = hashlib.sha256(body).hexdigest()[:DIGEST_LENGTH]
        key = f"{self._prefix}{day}/{first.shard}/{first.sequence}-{last.sequence}-{digest}.jsonl"
        self._writable.put(key, body, JSON_LINES)
        return key


class RejectedStore(RejectedWriter):
    """The same, as people look through it, repair and replay."""

    def __init__(self, objects: Objects, schema_name: str) -> None:
        super().__init__(objects, schema_name)
        self._objects = objects

    def pending(self) -> Pending:
        """Everything not yet replayed: what the scorer rejected, then what Lambda gave up on.

        A record delivered twice may lie in two objects; it is given once, by its event id. An object that is
        not what it should be, or has gone meanwhile, hides no other. Raises StorageError.
        """
        records: dict[str, RejectedRecord] = {}
        keys, unreadable = [], []
        for key in self.keys():
            try:
                loaded = self.load(key)
            except (UnreadableObjectError, ObjectMissingError) as error:
                unreadable.append(str(error))
                continue
            keys.append(key)
            for record in loaded:
                records.setdefault(record.event_id, record)
        return Pending(list(records.values()), keys, unreadable)

    def keys(self) -> Iterator[str]:
        """Keys of all objects that hold records to replay."""
        yield from self._objects.keys(self._prefix)
        yield from self._objects.keys(UNDELIVERED_PREFIX)

    def of_record(self, shard: str, sequence: str, *, day: str) -> Iterator[RejectedRecord]:
        """The entries of one record, from objects of batches that began on `day` (YYYY-MM-DD, UTC).

        Reads only objects of batches that the record was in, however much was rejected besides.
        Raises StorageError, UnreadableObjectError.
        """
        for key in self._objects.keys(f"{self._prefix}{day.replace('-', '/')}/{shard}/"):
            batch = BATCH_OF_KEY.search(key)
            if batch and int(batch[1]) <= int(sequence) <= int(batch[2]):
                yield from (record for record in self.load(key) if record.event_id == f"{shard}:{sequence}")

    def load(self, key: str) -> list[RejectedRecord]:
        """The records of one object. Raises StorageError, UnreadableObjectError where it is none of ours."""
        body = self._objects.get(key).body
        try:
            return _read_undelivered(key, body) if key.startswith(UNDELIVERED_PREFIX) else _read(key, body)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise UnreadableObjectError(
                f"{key}: not an object of rejected records ({type(error).__name__}); "
                "look at it, then move it away"
            ) from error

    def mark_replayed(self, key: str) -> None:
        """Move an object out of the way, so that it is listed no more; one that has gone is done.

        Raises StorageError.
        """
        with suppress(ObjectMissingError):
            self._objects.move(key, REPLAYED_PREFIX + key)


def _to_line(record: Record, rejected: Rejected) -> RejectedRecord:
    return RejectedRecord(
        event_id=record.event_id,
        kind=rejected.kind,
        reason=rejected.reason,
        field=rejected.field,
        received_at=format_time(record.arrived_ms),
        partition_key=record.partition_key,
        data=record.payload,
    )


def _read(key: str, body: bytes) -> list[RejectedRecord]:
    lines = [msgspec.json.decode(line, type=RejectedRecord) for line in body.splitlines() if line]
    return [msgspec.structs.replace(line, key=key) for line in lines]


def _read_undelivered(key: str, body: bytes) -> list[RejectedRecord]:
    invocation = msgspec.json.decode(body, type=_Invocation)
    event = invocation.payload
    if isinstance(event, str):
        event = msgspec.json.decode(event)
    condition = str(invocation.requestContext["condition"])
    return [
        RejectedRecord(
            event_id=record.event_id,
            kind=UNDELIVERED,
            reason=condition,
            field="",
            received_at=format_time(record.arrived_ms),
            partition_key=record.partition_key,
            data=record.payload,
            key=key,
        )
        for record in Records(event["Records"])
    ]
