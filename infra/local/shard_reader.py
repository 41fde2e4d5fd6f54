"""Read one shard from its start position to its end, and hand its records to the lanes."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.batching import Checkpoint, lane_of
from infra.local.lane import LaneQueue
from infra.local.mapping import MappingSettings
from infra.local.observed_metrics import INCOMING, POLLED, READ_AGE
from infra.local.polling import Polling
from infra.local.records import Record, record_from
from infra.local.sending import Discard, Invoke, Observe, Sender

log = logging.getLogger(__name__)

REFUSED_READ_SECONDS = 0.2  # a shard allows five reads a second
MAX_RECORDS_PER_READ = 10_000  # GetRecords limit
READ_AHEAD_BATCHES = 4
FULL_AHEAD_SECONDS = 0.01  # before looking whether the lanes have made room

StartPosition = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP", "AFTER_SEQUENCE_NUMBER"]


class KinesisReader(Protocol):
    """What is used of a Kinesis client."""

    @property
    def list_shards(self) -> Any: ...

    @property
    def get_shard_iterator(self) -> Any: ...

    @property
    def get_records(self) -> Any: ...


class ShardReader:
    """Polls one shard on a thread and runs one sender thread per lane (ParallelizationFactor)."""

    def __init__(
        self,
        *,
        shard_id: str,
        position: StartPosition,
        after: str | None = None,
        settings: MappingSettings,
        kinesis: KinesisReader,
        invoke: Invoke,
        discard: Discard,
        observe: Observe,
        stopping: threading.Event,
    ) -> None:
        self.shard_id = shard_id
        self._settings = settings
        self._kinesis = kinesis
        self._observe = observe
        self._stopping = stopping
        self._position: StartPosition = position
        self._last_read = after
        self._polling = Polling(time.monotonic())
        self._lock = threading.Lock()
        self._checkpoint = Checkpoint(after)
        self._lanes = [LaneQueue(settings) for _ in range(settings.parallelization)]
        self._sender = Sender(
            settings=settings,
            shard_id=shard_id,
            invoke=invoke,
            discard=discard,
            observe=observe,
            finish=self._finish,
            pause=stopping.wait,
        )
        self._threads = [
            threading.Thread(target=self._read_to_the_end, name=f"read {shard_id}", daemon=True),
            *(
                threading.Thread(target=self._drain, args=(lane,), name=f"send {shard_id}/{n}", daemon=True)
                for n, lane in enumerate(self._lanes)
            ),
        ]

    def start(self) -> None:
        """Begin reading."""
        for thread in self._threads:
            thread.start()

    def join(self, timeout_seconds: float | None = None) -> None:
        """Wait for all threads."""
        for thread in self._threads:
            thread.join(timeout_seconds)

    @property
    def drained(self) -> bool:
        """The shard is closed and each of its records finished: its children may be read now."""
        return not any(thread.is_alive() for thread in self._threads) and not self._stopping.is_set()

    @property
    def checkpoint(self) -> str | None:
        """The sequence number up to which every record is finished."""
        with self._lock:
            return self._checkpoint.sequence_number

    def _finish(self, records: Iterable[Record]) -> None:
        with self._lock:
            self._checkpoint.finish(records)

    def _drain(self, lane: LaneQueue) -> None:
        try:
            while records := lane.take(self._stopping):
                self._sender.send(records)
        except Exception:
            log.exception("a lane of %s stopped", self.shard_id)
            self._stopping.wait()  # never drained: its children must not overtake what is left

    def _read_to_the_end(self) -> None:
        try:
            iterator: str | None = self._iterator()
            while iterator is not None and not self._stopping.is_set():
                iterator = self._read_once(iterator)
        except Exception:
            log.exception("reading %s stopped", self.shard_id)
            self._stopping.wait()
        finally:
            for lane in self._lanes:
                lane.close()

    def _read_once(self, iterator: str) -> str | None:
        limit = min(MAX_RECORDS_PER_READ, self._settings.batch_size * self._settings.parallelization)
        with self._lock:
            ahead = self._checkpoint.open_records
        if ahead > limit * READ_AHEAD_BATCHES:
            self._stopping.wait(FULL_AHEAD_SECONDS)
            return iterator
        started = time.monotonic()
        try:
            read = self._kinesis.get_records(ShardIterator=iterator, Limit=limit)
        except ClientError as error:
            return self._iterator_after(error, iterator)
        except BotoCoreError as error:
            log.warning("cannot read %s: %s", self.shard_id, error)
            self._stopping.wait(REFUSED_READ_SECONDS)
            return iterator
        now = time.monotonic()
        self._deliver(read["Records"])
        pause = self._polling.pause_seconds(
            now=now, took_seconds=now - started, records=len(read["Records"]), limit=limit
        )
        if pause:
            self._stopping.wait(pause)
        following: str | None = read.get("NextShardIterator")
        return following

    def _deliver(self, raw_records: Sequence[Any]) -> None:
        records = [record_from(raw, shard_id=self.shard_id, settings=self._settings) for raw in raw_records]
        age_seconds = self._sender.clock() - records[-1].arrived_at if records else 0.0
        self._observe(READ_AGE, age_seconds * 1000)
        self._observe(POLLED, len(records))
        if not records:
            return
        for second, count in Counter(int(record.arrived_at) for record in records).items():
            self._observe(INCOMING, count, second)
        self._last_read = records[-1].sequence_number
        with self._lock:
            self._checkpoint.read(records)
        per_lane: list[list[Record]] = [[] for _ in self._lanes]
        for record in records:
            per_lane[lane_of(record.partition_key, len(self._lanes))].append(record)
        for lane, share in zip(self._lanes, per_lane, strict=True):
            if share:
                lane.put(share)

    def _iterator_after(self, error: ClientError, iterator: str) -> str:
        code = error.response["Error"]["Code"]
        if code == "ExpiredIteratorException":
            return self._iterator()
        if code == "ResourceNotFoundException":
            raise error
        log.warning("cannot read %s: %s", self.shard_id, error)
        self._stopping.wait(REFUSED_READ_SECONDS)
        return iterator

    def _iterator(self) -> str:
        request: dict[str, Any] = {"StreamName": self._settings.stream, "ShardId": self.shard_id}
        if self._last_read is not None:
            request |= {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": self._last_read,
            }
        else:
            request["ShardIteratorType"] = self._position
            if self._position == "AT_TIMESTAMP":
                request["Timestamp"] = self._settings.starting_timestamp
        iterator: str = self._kinesis.get_shard_iterator(**request)["ShardIterator"]
        return iterator
