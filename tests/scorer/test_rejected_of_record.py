"""One record's entries are found without looking through everything that was rejected."""

from __future__ import annotations

from contract.rejection import Rejected, Rejection
from scorer.records import Record
from scorer.rejected import RejectedStore
from scorer.storage import StoredObject

DAY = "2026-11-20"
ARRIVED_MS = 1_795_132_800_000  # 2026-11-20T00:00:00Z
WHY = Rejected(Rejection.BAD_JSON, "", "not a JSON object")


class Shelf:
    """Objects in memory, which remember what was read."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.read: list[str] = []

    def put(self, key: str, body: bytes, content_type: str) -> None:
        self.objects[key] = body

    def get(self, key: str) -> StoredObject:
        self.read.append(key)
        return StoredObject(self.objects[key], "etag")

    def get_if_changed(self, key: str, etag: str) -> StoredObject | None:
        return self.get(key)

    def keys(self, prefix: str) -> list[str]:  # type: ignore[override]
        return sorted(key for key in self.objects if key.startswith(prefix))

    def move(self, key: str, new_key: str) -> None:
        self.objects[new_key] = self.objects.pop(key)


def record(sequence: int, shard: str = "shardId-000000000000") -> Record:
    return Record(f"{shard}:{sequence}", str(sequence), ARRIVED_MS, "k", b"%d" % sequence)


def test_only_objects_of_batches_with_the_record_are_read() -> None:
    """By the sequence numbers in the key, compared as numbers; other shards and days are not looked at."""
    shelf = Shelf()
    store = RejectedStore(shelf, "telco")  # type: ignore[arg-type]
    batches = [(1, 9), (10, 99), (100, 199)]
    keys = [
        store.put([(record(n), WHY) for n in (first, last)], first=record(first), last=record(last))
        for first, last in batches
    ]
    elsewhere = record(10, "shardId-000000000001")
    store.put([(elsewhere, WHY)], first=elsewhere, last=elsewhere)
    shelf.put(f"rejected/telco/{DAY.replace('-', '/')}/shardId-000000000000/notes.txt", b"mine", "text/plain")

    (found,) = store.of_record("shardId-000000000000", "10", day=DAY)
    assert (found.event_id, found.data, found.key) == ("shardId-000000000000:10", b"10", keys[1])
    assert shelf.read == [keys[1]]
    assert list(store.of_record("shardId-000000000000", "50", day=DAY)) == []
    assert list(store.of_record("shardId-000000000000", "10", day="2026-11-21")) == []
