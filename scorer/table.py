"""Predictions into the table: success is read, refusals are resent, the remainder is returned."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from contract.prediction import Item, Prediction, to_item
from scorer.errors import TemporaryWriteError

MAX_ITEMS_PER_WRITE = 25  # BatchWriteItem limit
WRITES_IN_FLIGHT = 8
MAX_ATTEMPTS = 8
FIRST_BACKOFF_SECONDS = 0.05
MAX_BACKOFF_SECONDS = 2.0

Write = Callable[[Sequence[Item]], list[Item]]


class PredictionTable:
    """The predictions table, write side.

    `write` sends one request and returns what was left unprocessed (scorer.dynamo.BatchWriter).
    """

    def __init__(
        self,
        write: Write,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._write = write
        self._monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter
        self._pool = ThreadPoolExecutor(WRITES_IN_FLIGHT, thread_name_prefix="table")

    def put(self, predictions: Sequence[Prediction], *, deadline: float) -> list[Prediction]:
        """Write all predictions; returns those that are not in the table.

        Unprocessed items, throttling and 5xx are retried with full jitter, at most MAX_ATTEMPTS times and
        never past `deadline` (on the monotonic clock). Of predictions with one key only the last is written,
        for DynamoDB refuses a request that repeats a key. An error that cannot heal is raised, after all
        requests have ended.
        """
        by_key = {(p.customer_id, p.event_key): p for p in predictions}
        last = list(by_key.values())
        chunks = [last[i : i + MAX_ITEMS_PER_WRITE] for i in range(0, len(last), MAX_ITEMS_PER_WRITE)]
        if len(chunks) == 1:
            left = self._write_chunk(chunks[0], deadline)
        else:
            futures = [self._pool.submit(self._write_chunk, chunk, deadline) for chunk in chunks]
            # A request still in flight when the handler returns would be frozen half way.
            wait(futures)
            left = [item for future in futures for item in future.result()]
        return [by_key[item["customer_id"]["S"], item["event_key"]["S"]] for item in left]

    def _write_chunk(self, chunk: Sequence[Prediction], deadline: float) -> list[Item]:
        items = [to_item(prediction) for prediction in chunk]
        for attempt in range(MAX_ATTEMPTS):
            pause = self._pause_before(attempt)
            if self._monotonic() + pause >= deadline:
                break
            if pause:
                self._sleep(pause)
            try:
                items = self._write(items)
            except TemporaryWriteError:
                continue
            if not items:
                break
        return items

    def _pause_before(self, attempt: int) -> float:
        """Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""
        if attempt == 0:
            return 0.0
        return self._jitter() * min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (attempt - 1))
