"""A lane: one concurrent batch of a shard, fed by the shard's reader."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from itertools import islice

from infra.local.batching import fitting
from infra.local.mapping import MappingSettings
from infra.local.records import Record

STOP_CHECK_SECONDS = 0.2


class LaneQueue:
    """Records of one lane in stream order, taken as batches; safe between one reader and one sender."""

    def __init__(self, settings: MappingSettings) -> None:
        self._settings = settings
        self._records: deque[Record] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, records: Iterable[Record]) -> None:
        """Append records."""
        with self._changed:
            self._records.extend(records)
            self._changed.notify()

    def close(self) -> None:
        """No more will come: what is left is taken without waiting for the batching window."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def take(self, stopping: threading.Event) -> tuple[Record, ...]:
        """The next batch; empty when the lane is closed and drained, or when stopping.

        Waits for the first record, then until the batch is full or the batching window, which opens with
        that record, is over (MaximumBatchingWindowInSeconds).
        """
        with self._changed:
            while not self._records:
                if self._closed or stopping.is_set():
                    return ()
                self._changed.wait(STOP_CHECK_SECONDS)
            self._wait_for_window(stopping)
            count = fitting(self._records, self._settings.batch_size)
            batch = tuple(islice(self._records, count))
            for _ in batch:
                self._records.popleft()
            return batch

    def _wait_for_window(self, stopping: threading.Event) -> None:
        until = time.monotonic() + self._settings.window_seconds
        while not (self._closed or stopping.is_set() or self._is_full()):
            left = until - time.monotonic()
            if left <= 0:
                return
            self._changed.wait(min(left, STOP_CHECK_SECONDS))

    def _is_full(self) -> bool:
        count = fitting(self._records, self._settings.batch_size)
        return count == self._settings.batch_size or count < len(self._records)
