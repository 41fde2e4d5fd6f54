"""What this package knows about Kinesis: its limits, and the one call it makes.

https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

MAX_RECORDS_PER_REQUEST = 500
# Data and partition keys together. AWS has since raised it to 10 MiB; emulators still refuse more than 5 MB.
MAX_REQUEST_BYTES = 5_000_000
MAX_RECORD_BYTES = 1_048_576  # a stream's default maximum record size, partition key included
MAX_PARTITION_KEY_CHARS = 256


class Record(NamedTuple):
    """One event on its way: its partition key, its bytes, and what both count for against the limits.

    `line` is where in the source it came from, where there is one.
    """

    customer_id: str
    payload: bytes
    size_bytes: int
    line: int | None = None

    def refused(self, code: str, message: str) -> Refused:
        """This event, as one that the stream did not take."""
        return Refused(self.customer_id, self.payload, code, message, self.line)


class Refused(NamedTuple):
    """An event the stream did not take, after every attempt. `code` is the last error, in AWS's words."""

    customer_id: str
    payload: bytes
    code: str
    message: str
    line: int | None = None

    @property
    def reason(self) -> str:
        """One line, such as `ProvisionedThroughputExceededException: Rate exceeded`."""
        return f"{self.code}: {self.message}" if self.message else self.code


class KinesisClient(Protocol):
    """The part of the boto3 Kinesis client that is used."""

    @property
    def put_records(self) -> Any: ...


def record_of(customer_id: str, payload: bytes, line: int | None = None) -> Record:
    """Measure one event. Raises ValueError where Kinesis would refuse the whole request for it."""
    if not customer_id:
        raise ValueError("customer id: empty, expected 1 to 256 characters; it is the partition key")
    if len(customer_id) > MAX_PARTITION_KEY_CHARS:
        raise ValueError(
            f"customer id: {len(customer_id)} characters, at most {MAX_PARTITION_KEY_CHARS} allowed"
        )
    size_bytes = len(payload) + len(customer_id.encode())
    if size_bytes > MAX_RECORD_BYTES:
        raise ValueError(f"event: {size_bytes} bytes with its key, at most {MAX_RECORD_BYTES} allowed")
    return Record(customer_id, payload, size_bytes, line)


def connect(
    *, endpoint_url: str | None = None, region: str | None = None, connections: int = 4
) -> KinesisClient:
    """A boto3 client that leaves retries to `delivery`, which alone knows which records were refused.

    Without arguments it follows the standard AWS variables and profiles.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=30,
        max_pool_connections=connections,
        retries={"total_max_attempts": 1},
    )
    return boto3.client("kinesis", endpoint_url=endpoint_url, region_name=region, config=config)
