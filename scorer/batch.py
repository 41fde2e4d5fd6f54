"""The story of one batch: decode, collapse, score, write, account."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from contract.event import Event, format_time
from contract.prediction import Put, event_keys
from contract.put import Scores
from scorer.backoff import Patience
from scorer.champion import ChampionWatcher
from scorer.decoding import Decoded, decode_records, newest_per_customer
from scorer.errors import StorageError
from scorer.model import Model
from scorer.outcome import Outcome, account, is_settled, retry_all, unsettled
from scorer.rejected import RejectedWriter
from scorer.table import PredictionTable

SECONDS_PER_DAY = 86_400
TO_THE_SECOND = len("2026-11-20T10:00:00")


class BatchScorer:
    """Takes batches from the stream to the table; keeps nothing between them."""

    def __init__(
        self,
        *,
        champion: ChampionWatcher,
        table: PredictionTable,
        rejected: RejectedWriter,
        retention_days: int,
        clock: Callable[[], float] = time.time,
        patience: Patience | None = None,
    ) -> None:
        self._champion = champion
        self._table = table
        self._rejected = rejected
        self._retention_days = retention_days
        self._clock = clock
        self._patience = patience or Patience()

    def __call__(self, raws: Iterable[Mapping[str, Any]], *, deadline: float) -> Outcome:
        """Score one batch of Kinesis records, writing until `deadline` (on the monotonic clock).

        Raises NoUsableModelError, ModelError, and whatever nobody foresaw; then nothing counts as consumed.
        """
        model = self._champion.current(deadline=deadline)
        decoded = decode_records(raws, model.decode, retention_days=self._retention_days)
        keys = event_keys(decoded.events)
        newest = newest_per_customer(decoded.events, keys)

        now = self._clock()
        started = time.perf_counter()
        scores, puts = score(
            model,
            [decoded.events[index] for index in newest],
            [keys[index] for index in newest],
            now=now,
            retention_days=self._retention_days,
        )
        scored = time.perf_counter()
        unwritten = self._table.put(puts, deadline=deadline)
        written = time.perf_counter()

        retry = unsettled(decoded, {put.customer_id for put in unwritten})
        try:
            self._store(decoded, retry, deadline)
        except StorageError as error:
            return retry_all(decoded.records, f"rejected records not stored: {error}")
        outcome = account(decoded, newest, scores, retry, written_at=self._clock())
        return replace(
            outcome,
            score_ms=(scored - started) * 1000,
            write_ms=(written - scored) * 1000,
            trouble=self._table.trouble or decoded.records.trouble,
        )

    def _store(self, decoded: Decoded, retry: Sequence[str], deadline: float) -> None:
        """Keep the bytes of what will not come again. Raises StorageError where S3 took nothing in time."""
        records = decoded.records
        settled = [(records[p], why) for p, why in decoded.rejections if is_settled(records, p, retry)]
        if not settled:
            return
        positions = [records.position(place) for place in range(len(records))]
        first, last = (records[positions.index(find(positions))] for find in (min, max))
        trouble: StorageError | None = None
        for _ in self._patience.attempts(deadline):
            try:
                self._rejected.put(settled, first=first, last=last)
                return
            except StorageError as error:
                trouble = error
        assert trouble is not None
        raise trouble


def score(
    model: Model, events: Sequence[Event], keys: Sequence[str], *, now: float, retention_days: int
) -> tuple[Scores, list[Put]]:
    """What a model says of events, and the items that say so, in order. `now` is seconds since 1970.

    An item expires `retention_days` after its event's time, not after its scoring: so an older event of a
    customer never outlives a newer one, whichever was scored last. Raises ModelError.
    """
    scores = model.score([event.values for event in events])
    puts = model.to_puts(
        scores,
        customer_ids=[event.customer_id for event in events],
        event_keys=keys,
        scored_at=format_time(int(now * 1000)),
        expires_at=_expiries(keys, retention_days * SECONDS_PER_DAY),
    )
    return scores, puts


def _expiries(keys: Sequence[str], kept_seconds: int) -> list[int]:
    """When the scores of these event keys expire; worked out once for each second, not for each event."""
    stamps = [key[:TO_THE_SECOND] for key in keys]
    expiries = {
        stamp: int(datetime.fromisoformat(f"{stamp}+00:00").timestamp()) + kept_seconds
        for stamp in set(stamps)
    }
    return [expiries[stamp] for stamp in stamps]
