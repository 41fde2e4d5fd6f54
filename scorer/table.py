"""Predictions into the table: success is read, refusals are resent, the remainder is returned."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait

from contract.prediction import Put
from scorer.errors import TemporaryWriteError

MAX_ITEMS_PER_WRITE = 25  # BatchWriteItem limit
WRITES_IN_FLIGHT = 8
MAX_ATTEMPTS = 8
FIRST_BACKOFF_SECONDS = 0.05
MAX_BACKOFF_SECONDS = 2.0
NO_TIME = "no time was left to write"
UNPROCESSED = "dynamodb: items left unprocessed"

Write = Callable[[Sequence[Put]], list[Put]]


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
        self.trouble = ""  # why the last `put` left something, in one line

    def put(self, puts: Sequence[Put], *, deadline: float) -> list[Put]:
        """Write all; returns those that are not in the table.

        Unprocessed items, throttling and 5xx are retried with full jitter, at most MAX_ATTEMPTS times and
        never past `deadline` (on the monotonic clock). Of puts with one key only the last is written,
        for DynamoDB refuses a request that repeats a key. An error that cannot heal is raised, after all
        requests have ended.
        """
        last = list({(put.customer_id, put.event_key): put for put in puts}.values())
        chunks = [last[i : i + MAX_ITEMS_PER_WRITE] for i in range(0, len(last), MAX_ITEMS_PER_WRITE)]
        if len(chunks) == 1:
            ends = [self._write_chunk(chunks[0], deadline)]
        else:
            futures = [self._pool.submit(self._write_chunk, chunk, deadline) for chunk in chunks]
            # A request still in flight when the handler returns would be frozen half way.
            wait(futures)
            ends = [future.result() for future in futures]
        self.trouble = next((why for _, why in ends if why), "")
        return [put for left, _ in ends for put in left]

    def _write_chunk(self, chunk: Sequence[Put], deadline: float) -> tuple[list[Put], str]:
        """What is left of a chunk, and why."""
        left = list(chunk)
        why = NO_TIME
        for attempt in range(MAX_ATTEMPTS):
            pause = self._pause_before(attempt)
            if self._monotonic() + pause >= deadline:
                break
            if pause:
                self._sleep(pause)
            try:
                left = self._write(left)
            except TemporaryWriteError as error:
                why = str(error)
                continue
            if not left:
                return [], ""
            why = UNPROCESSED
        return left, why

    def _pause_before(self, attempt: int) -> float:
        """Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/"""
        if attempt == 0:
            return 0.0
        return self._jitter() * min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (attempt - 1))
