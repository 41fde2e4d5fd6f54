"""Kinesis as far as a reader sees it, with its limits and with resharding, which MiniStack cannot do."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

MAX_RECORDS_PER_READ = 10_000


@dataclass
class FakeShard:
    """Records in order; a closed shard ends with a null iterator."""

    parents: tuple[str, ...] = ()
    closed: bool = False
    records: list[dict[str, Any]] = field(default_factory=list)


class FakeKinesis:
    """The three calls that a shard reader makes; `faults` are raised, one per GetRecords, before reading."""

    def __init__(self) -> None:
        self.shards: dict[str, FakeShard] = {}
        self.faults: list[str] = []
        self.positions: dict[str, list[str]] = {}
        self._sequence = 0
        self._lock = threading.Lock()

    def add_shard(self, shard_id: str, *parents: str) -> None:
        self.shards[shard_id] = FakeShard(parents)

    def put(self, shard_id: str, key: str, data: bytes = b"{}", *, at: float = 1_700_000_000.0) -> str:
        with self._lock:
            self._sequence += 1
            record = {
                "SequenceNumber": str(self._sequence),
                "PartitionKey": key,
                "Data": data,
                "ApproximateArrivalTimestamp": datetime.fromtimestamp(at, UTC),
            }
            self.shards[shard_id].records.append(record)
            return str(self._sequence)

    def list_shards(self, *, StreamName: str = "", NextToken: str = "") -> dict[str, Any]:  # noqa: N803
        """One shard per page, so that paging is needed."""
        names = list(self.shards)
        index = int(NextToken or 0)
        page: dict[str, Any] = {"Shards": [self._describe(name) for name in names[index : index + 1]]}
        return page | ({"NextToken": str(index + 1)} if index + 1 < len(names) else {})

    def _describe(self, shard_id: str) -> dict[str, Any]:
        names = ("ParentShardId", "AdjacentParentShardId")
        return {"ShardId": shard_id, **dict(zip(names, self.shards[shard_id].parents, strict=False))}

    def get_shard_iterator(self, **request: Any) -> dict[str, str]:
        shard, kind = self.shards[request["ShardId"]], request["ShardIteratorType"]
        self.positions.setdefault(request["ShardId"], []).append(kind)
        if kind == "TRIM_HORIZON":
            index = 0
        elif kind == "LATEST":
            index = len(shard.records)
        elif kind == "AT_TIMESTAMP":
            times = [record["ApproximateArrivalTimestamp"] for record in shard.records]
            index = sum(time < request["Timestamp"] for time in times)
        else:
            after = int(request["StartingSequenceNumber"])
            index = sum(int(record["SequenceNumber"]) <= after for record in shard.records)
        return {"ShardIterator": f"{request['ShardId']}|{index}"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        if not 1 <= Limit <= MAX_RECORDS_PER_READ:
            raise error("InvalidArgumentException")
        if self.faults:
            raise error(self.faults.pop(0))
        shard_id, _, index = ShardIterator.partition("|")
        shard = self.shards[shard_id]
        taken = shard.records[int(index) : int(index) + Limit]
        end = int(index) + len(taken)
        at_end = shard.closed and end == len(shard.records)
        return {"Records": taken, "NextShardIterator": None if at_end else f"{shard_id}|{end}"}


def error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "GetRecords")
