"""A batch of Kinesis records as Lambda delivers it.

https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
"""

from __future__ import annotations

import binascii
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from contract.rejection import Rejected, Rejection
from scorer.aggregation import MAGIC, split

Raw = Mapping[str, Any]


class Record(NamedTuple):
    """One record of a batch.

    `event_id` is `shardId:sequence`, unique in the stream, and for a part of an aggregated record
    `shardId:sequence:part`. `sequence` is the sequence number as text, for it is reported back as text, but
    it compares as an integer; the parts of a record share it. `arrived_ms` is milliseconds since 1970 UTC.
    """

    event_id: str
    sequence: str
    arrived_ms: int
    partition_key: str
    payload: bytes

    @property
    def shard(self) -> str:
        return self.event_id.partition(":")[0]


class Records:
    """The records of a batch in the order in which they came, those that were aggregated taken apart.

    A producer that uses the KPL packs many records into one; each part is a record here. `faults` holds the
    records that could not be unwrapped, by place, with the text itself as payload, so that nothing is lost.
    Where a batch has more than `at_most` parts, the aggregated record that holds the next one and all records
    after it are left out, and counted as `postponed`: their sequence numbers, to be reported.
    Raises KeyError for what lacks the fields Lambda always sends: then this is no Kinesis event at all.
    """

    def __init__(self, raws: Iterable[Raw], *, at_most: float = math.inf) -> None:
        self._raws = list(raws)
        self._parts: list[tuple[int, str]] | None = None  # (part, partition key) where any was aggregated
        self._at_most = at_most
        self.postponed: list[str] = []
        self.faults: dict[int, Rejected] = {}
        self.payloads: Sequence[bytes] = self._unwrap()
        if any(payload.startswith(MAGIC) for payload in self.payloads):
            self._take_apart()

    def __len__(self) -> int:
        return len(self.payloads)

    def __getitem__(self, place: int) -> Record:
        raw = self._raws[place]
        kinesis = raw["kinesis"]
        part, key = self._parts[place] if self._parts else (WHOLE, kinesis["partitionKey"])
        suffix = "" if part == WHOLE else f":{part}"
        return Record(
            raw["eventID"] + suffix,
            kinesis["sequenceNumber"],
            self.arrived_ms(place),
            key,
            self.payloads[place],
        )

    def __iter__(self) -> Iterator[Record]:
        return map(self.__getitem__, range(len(self)))

    @property
    def received(self) -> int:
        """How many records there are to account for, with those that were postponed."""
        return len(self) + len(self.postponed)

    @property
    def trouble(self) -> str:
        """Why records were postponed, in one line."""
        return (
            f"more than {self._at_most:,} parts of aggregated records in one batch" if self.postponed else ""
        )

    def arrived_ms(self, place: int) -> int:
        """When a record reached the stream."""
        return int(self._raws[place]["kinesis"]["approximateArrivalTimestamp"] * 1000)

    def arrivals_ms(self) -> tuple[int, int]:
        """When the earliest and the latest of them reached the stream."""
        arrivals = [raw["kinesis"]["approximateArrivalTimestamp"] for raw in self._raws]
        return int(min(arrivals) * 1000), int(max(arrivals) * 1000)

    def position(self, place: int) -> int:
        """A record's place in the stream; the parts of an aggregated record have the same."""
        return int(self._raws[place]["kinesis"]["sequenceNumber"])

    def sequence(self, place: int) -> str:
        """A record's sequence number, as it is reported back."""
        return str(self._raws[place]["kinesis"]["sequenceNumber"])

    def _unwrap(self) -> Sequence[bytes]:
        texts: list[str] = [raw["kinesis"]["data"] for raw in self._raws]
        try:
            return msgspec.convert(texts, list[bytes])  # three times as fast as one at a time
        except ValueError:
            return [self._unwrap_one(place, text) for place, text in enumerate(texts)]

    def _unwrap_one(self, place: int, text: str) -> bytes:
        try:
            return binascii.a2b_base64(text, strict_mode=True)
        except ValueError:
            self.faults[place] = Rejected(Rejection.BAD_ENCODING, "", "not valid base64")
            return text.encode(errors="surrogatepass")

    def _take_apart(self) -> None:
        raws: list[Raw] = []
        parts: list[tuple[int, str]] = []
        payloads: list[bytes] = []
        faults: dict[int, Rejected] = {}
        for place, (raw, payload) in enumerate(zip(self._raws, self.payloads, strict=True)):
            if place in self.faults:
                faults[len(payloads)] = self.faults[place]
            held = None if place in self.faults else split(payload)
            if held and raws and len(raws) + len(held) > self._at_most:
                self.postponed = [str(left["kinesis"]["sequenceNumber"]) for left in self._raws[place:]]
                break
            if held is None:
                raws.append(raw)
                parts.append((WHOLE, raw["kinesis"]["partitionKey"]))
                payloads.append(payload)
                continue
            for part, (key, data) in enumerate(held):
                raws.append(raw)
                parts.append((part, key))
                payloads.append(data)
        self._raws, self._parts, self.payloads, self.faults = raws, parts, payloads, faults


WHOLE = -1  # the part of a record that was not aggregated
