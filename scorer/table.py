"""Predictions into the table: success is read, refusals are resent, the remainder is returned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait

from contract.prediction import Put
from scorer.backoff import Patience
from scorer.errors import TemporaryWriteError

MAX_ITEMS_PER_WRITE = 25  # BatchWriteItem limit
WRITES_IN_FLIGHT = 8
NO_TIME = "no time was left to write"
UNPROCESSED = "dynamodb: items left unprocessed"

Write = Callable[[Sequence[Put]], list[Put]]


class PredictionTable:
    """The predictions table, write side.

    `write` sends one request and returns what was left unprocessed (scorer.dynamo.BatchWriter).
    """

    def __init__(self, write: Write, *, patience: Patience | None = None) -> None:
        self._write = write
        self._patience = patience or Patience()
        self._pool = ThreadPoolExecutor(WRITES_IN_FLIGHT, thread_name_prefix="table")
        self.trouble = ""  # why the last `put` left something, in one line

    def put(self, puts: Sequence[Put], *, deadline: float) -> list[Put]:
        """Write all; returns those that are not in the table.

        Unprocessed items, throttling and 5xx are retried with pauses until `deadline` (on the monotonic
        clock). Of puts with one key only the last is written,
        for DynamoDB refuses a request that repeats a key. An error that cannot heal is raised, after all
        requests have ended.
        """
        last = list({(put.customer_id, put.event_key): put for put in puts}.values())
        chunks = [last[i : i + MAX_ITEMS_PER_WRITE] for i in range(0, len(last), MAX_ITEMS_PER_WRITE)]
        if len(chunks) == 1:
            ends = [self._write_chunk(chunks[0], deadline)]
        else:
            futures: list[Future[tuple[list[Put], str]]] = []
            try:
                for chunk in chunks:
                    futures.append(self._pool.submit(self._write_chunk, chunk, deadline))
            finally:
                # A request still in flight when the handler returns would be frozen half way.
                wait(futures)
            ends = [future.result() for future in futures]
        self.trouble = next((why for _, why in ends if why), "")
        return [put for left, _ in ends for put in left]

    def _write_chunk(self, chunk: Sequence[Put], deadline: float) -> tuple[list[Put], str]:
        """What is left of a chunk, and why."""
        left, why = list(chunk), NO_TIME
        if self._patience.monotonic() >= deadline:
            return left, why
        for _ in self._patience.attempts(deadline):
            try:
                left, why = self._write(left), UNPROCESSED
            except TemporaryWriteError as error:
                why = str(error)
            if not left:
                return [], ""
        return left, why
