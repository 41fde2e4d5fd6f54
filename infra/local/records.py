"""Stream records in the shape in which Lambda hands them to a function."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    sequence_number = raw["SequenceNumber"]
    arrived_at = raw["ApproximateArrivalTimestamp"].timestamp()
    account = settings.stream_arn.split(":")[4]
    event_record = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": raw["PartitionKey"],
            "sequenceNumber": sequence_number,
            "data": base64.b64encode(raw["Data"]).decode("ascii"),
            "approximateArrivalTimestamp": round(arrived_at, 3),
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{sequence_number}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": f"arn:aws:iam::{account}:role/{settings.function}",
        "awsRegion": settings.region,
        "eventSourceARN": settings.stream_arn,
    }
    return Record(sequence_number, raw["PartitionKey"], arrived_at, json.dumps(event_record).encode())


def event_of(records: Sequence[Record]) -> bytes:
    """The event with which the function is invoked."""
    return EVENT_PREFIX + SEPARATOR.join(record.encoded for record in records) + EVENT_SUFFIX
