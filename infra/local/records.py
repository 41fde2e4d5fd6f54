"""Stream records in the shape in which Lambda hands them to a function."""

import json
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from typing import Any

from infra.local.mapping import MappingSettings

EVENT_PREFIX = b'{"Records": ['
EVENT_SUFFIX = b"]}"
SEPARATOR = b", "


@dataclass(frozen=True, slots=True)
class Record:
    """One record; `encoded` is its JSON inside the event, made once however often it is sent."""

    sequence_number: str
    partition_key: str
    arrived_at: float  # epoch seconds
    encoded: bytes

    @property
    def order(self) -> int:
        """Sequence numbers are numbers: as text, "9" would come after "10"."""
        return int(self.sequence_number)


def record_from(raw: Mapping[str, Any], *, shard_id: str, settings: MappingSettings) -> Record:
    """Turn a GetRecords record into the event record of the developer guide's Kinesis sample event.

    Source: AWS Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams".
    """
    sequence_number, key = raw["SequenceNumber"], raw["PartitionKey"]
    arrived_at = raw["ApproximateArrivalTimestamp"].timestamp()
    encoded = _template(shard_id, settings) % (
        quote(key).encode(),
        sequence_number.encode(),
        b2a_base64(raw["Data"], newline=False),
        repr(round(arrived_at, 3)).encode(),
        sequence_number.encode(),
    )
    return Record(sequence_number, key, arrived_at, encoded)


@lru_cache(maxsize=256)
def _template(shard_id: str, settings: MappingSettings) -> bytes:
    """The JSON of a shard's records, with a place for what differs: a dict for each costs five times that."""
    account = settings.stream_arn.split(":")[4]
    common = {
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": "SHARD:SEQUENCE",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{account}:role/{settings.function}",
        "awsRegion": settings.region,
        "eventSourceARN": settings.stream_arn,
    }
    rest = json.dumps(common).replace("%", "%%")[1:]
    shard = json.dumps(shard_id).replace("%", "%%")[1:-1]
    return (
        '{"kinesis": {"kinesisSchemaVersion": "1.0", "partitionKey": %s, "sequenceNumber": "%s", '
        '"data": "%s", "approximateArrivalTimestamp": %s}, ' + rest.replace("SHARD:SEQUENCE", f"{shard}:%s")
    ).encode()


def event_of(records: Sequence[Record]) -> bytes:
    """The event with which the function is invoked."""
    return EVENT_PREFIX + SEPARATOR.join(record.encoded for record in records) + EVENT_SUFFIX
