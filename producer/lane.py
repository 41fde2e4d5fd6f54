"""A lane: a bounded queue with one sender, so that what enters in order leaves in order."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from producer.kinesis import MAX_RECORDS_PER_REQUEST, MAX_REQUEST_BYTES, Record

# Two batches: one in the making while the other is on its way. Beyond that, whoever publishes waits.
MAX_WAITING_RECORDS = 2 * MAX_RECORDS_PER_REQUEST
MAX_WAITING_BYTES = 2 * MAX_REQUEST_BYTES


class Lane:
    """Collects records into batches within Kinesis's limits and hands them to `deliver`, one at a time.

    A batch goes when it is full by count or bytes, or when its oldest record has waited `max_age_seconds`.
    `deliver` runs in the lane's own thread and must not raise.
    """

    def __init__(self, deliver: Callable[[list[Record]], None], *, max_age_seconds: float, name: str) -> None:
        self._deliver = deliver
        self._max_age_seconds = max_age_seconds
        self._waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._oldest_at = 0.0
        self._entered = self._left = 0  # records, since the start
        self._awaited = 0  # how many of them somebody waits for
        self._closing = False
        lock = threading.Lock()
        self._to_send = threading.Condition(lock)
        self._sent = threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, record: Record) -> None:
        """Queue one record; waits while two batches are already waiting. Raises ValueError once closed."""
        with self._sent:
            while len(self._waiting) >= MAX_WAITING_RECORDS or self._waiting_bytes >= MAX_WAITING_BYTES:
                self._sent.wait()
            if self._closing:
                raise ValueError("publisher: closed, nothing more can be published; open another one")
            if not self._waiting:
                self._oldest_at = time.monotonic()
                self._to_send.notify()
            self._waiting.append(record)
            self._entered += 1
            self._waiting_bytes += record.size_bytes
            if len(self._waiting) == MAX_RECORDS_PER_REQUEST or self._waiting_bytes >= MAX_REQUEST_BYTES:
                self._to_send.notify()

    def drain(self) -> None:
        """Return when everything that was put before has been delivered."""
        with self._sent:
            awaited = self._entered
            self._awaited = max(self._awaited, awaited)
            self._to_send.notify()
            while self._left < awaited:
                self._sent.wait()

    def close(self) -> None:
        """Deliver what is left and end the thread."""
        with self._to_send:
            self._closing = True
            self._to_send.notify()
        self._thread.join()

    def _run(self) -> None:
        while batch := self._next_batch():
            self._deliver(batch)
            with self._sent:
                self._left += len(batch)
                self._sent.notify_all()

    def _next_batch(self) -> list[Record]:
        """Wait for a batch that is due; empty once the lane is closed and empty."""
        with self._to_send:
            while (patience := self._patience_seconds()) > 0:
                self._to_send.wait(None if patience == threading.TIMEOUT_MAX else patience)
            batch = self._take()
            self._sent.notify_all()
            return batch

    def _patience_seconds(self) -> float:
        """How long the batch in the making may still wait for company."""
        full = len(self._waiting) >= MAX_RECORDS_PER_REQUEST or self._waiting_bytes >= MAX_REQUEST_BYTES
        if full or self._closing or self._left < self._awaited:
            return 0.0
        if not self._waiting:
            return threading.TIMEOUT_MAX
        return self._oldest_at + self._max_age_seconds - time.monotonic()

    def _take(self) -> list[Record]:
        batch: list[Record] = []
        room_bytes = MAX_REQUEST_BYTES
        while self._waiting and len(batch) < MAX_RECORDS_PER_REQUEST:
            if self._waiting[0].size_bytes > room_bytes:
                break
            record = self._waiting.popleft()
            room_bytes -= record.size_bytes
            self._waiting_bytes -= record.size_bytes
            batch.append(record)
        self._oldest_at = time.monotonic()
        return batch
