"""One Kinesis record as Lambda delivers it.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

from contract.rejection import Rejected, Rejection


class Record(NamedTuple):
    """One record of a batch.

    `event_id` is `shardId:sequence`, unique in the stream; `sequence` is the sequence number as text, for it
    is reported back as text, but it compares as an integer. `arrived_ms` is milliseconds since 1970 UTC.
    """

    event_id: str
    sequence: str
    arrived_ms: int
    partition_key: str
    payload: bytes

    @property
    def shard(self) -> str:
        return self.event_id.partition(":")[0]


def read_record(raw: Mapping[str, Any]) -> tuple[Record, Rejected | None]:
    """Unwrap one entry of `Records`.

    Data that is not base64 is rejected, with the text itself as payload, so that nothing is lost. A record
    without the fields Lambda always sends raises KeyError: then this is not a Kinesis event at all.
    """
    kinesis = raw["kinesis"]
    data: str = kinesis["data"]
    rejected = None
    try:
        payload = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        payload = data.encode(errors="surrogatepass")
        rejected = Rejected(Rejection.BAD_ENCODING, "", "not valid base64")
    record = Record(
        raw["eventID"],
        kinesis["sequenceNumber"],
        int(kinesis["approximateArrivalTimestamp"] * 1000),
        kinesis["partitionKey"],
        payload,
    )
    return record, rejected
