"""How records become batches: lanes by partition key, cuts by count and payload, and the checkpoint."""

import hashlib
from collections import deque
from collections.abc import Iterable, Sequence

from infra.local.records import EVENT_PREFIX, EVENT_SUFFIX, SEPARATOR, Record

MAX_PAYLOAD_BYTES = 6 * 1024 * 1024  # Lambda's limit on a synchronous invocation


def lane_of(partition_key: str, lanes: int) -> int:
    """Which of a shard's concurrent batches a key belongs to; one key always has the same lane.

    Source: developer guide, ParallelizationFactor: order is kept "at the partition-key level".
    """
    if lanes == 1:
        return 0
    return int.from_bytes(hashlib.md5(partition_key.encode(), usedforsecurity=False).digest()[:8]) % lanes


def fitting(records: Iterable[Record], batch_size: int, max_bytes: int = MAX_PAYLOAD_BYTES) -> int:
    """How many leading records make the next batch: at most `batch_size` and one invocation's payload.

    At least one where there is any: refusing a record that is too large alone would block the shard.
    """
    payload = len(EVENT_PREFIX) + len(EVENT_SUFFIX) - len(SEPARATOR)
    count = 0
    for record in records:
        payload += len(record.encoded) + len(SEPARATOR)
        if count == batch_size or (count and payload > max_bytes):
            break
        count += 1
    return count


class Checkpoint:
    """The position behind which every record of a shard is finished, whichever lane finished it.

    Not safe for use from several threads at once: the caller holds a lock.
    """

    def __init__(self, sequence_number: str | None = None) -> None:
        self._reading: deque[str] = deque()
        self._finished: set[str] = set()
        self.sequence_number = sequence_number

    def read(self, records: Sequence[Record]) -> None:
        """Records were taken off the stream, in stream order."""
        self._reading.extend(record.sequence_number for record in records)

    def finish(self, records: Iterable[Record]) -> bool:
        """Records were processed or given up, in any order; True when the checkpoint moved."""
        self._finished.update(record.sequence_number for record in records)
        before = self.sequence_number
        while self._reading and self._reading[0] in self._finished:
            self.sequence_number = self._reading.popleft()
            self._finished.discard(self.sequence_number)
        return self.sequence_number != before

    @property
    def open_records(self) -> int:
        """How many records behind the read position are not yet behind the checkpoint."""
        return len(self._reading)
