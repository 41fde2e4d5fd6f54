"""The handler under fuzz: whatever a batch holds, each record has one end, and the right one.

Everything is real but the network: `Invocations`, the model (a small graph), the table's retries and the
rejected store. A customer is throttled now and then, and the batch delivered again as Lambda would.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from aws_lambda_powertools.logging import Logger

from contract.event import Event, EventDecoder
from contract.prediction import HIGH_BAND, event_key, from_item, risk_shard
from scorer.handler import Invocations
from scorer.rejected import REJECTED_PREFIX
from scorer.time_budget import TimeBudget
from tests.fuzz.truth import Kept, arrived_ms, truth_of
from tests.scorer.batches import Rig, record
from tests.scorer.graphs import BANDS, CATEGORIES, SCHEMA, probability_by_hand

PROBABILITY_TOLERANCE = 2e-6  # float32 arithmetic, and six decimals
DELIVERIES = 3
ENDS = ("EventsWritten", "EventsCollapsed", "EventsRejected")


class Context:
    """The Lambda context, as far as it is used."""

    aws_request_id = "fuzz"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


class Handling:
    """Judges one batch at a time."""

    def __init__(self) -> None:
        self._rig = Rig()
        self._decode = EventDecoder(SCHEMA)
        self._logged = io.StringIO()
        log = Logger(service=f"fuzz-{id(self)}", stream=self._logged)
        self._invocations = Invocations(
            score=self._rig.score,
            champion=self._rig.champion,
            log=log,
            service="fuzz",
            budget=TimeBudget(),
        )

    def check(self, texts: Sequence[str], throttled: str = "") -> Counter[str]:
        """The ends of records whose `data` is `texts`, handled until nothing is reported any more; the first
        delivery finds one customer throttled.

        Raises AssertionError where an end is wrong, and whatever the handler raises.
        """
        self._clear()
        truth = truth_of(texts, self._decode)
        raws = [_raw(text, position) for position, text in enumerate(texts)]
        accounted: Counter[str] = Counter()
        self._rig.dynamo.throttled_customers = {throttled}
        for _ in range(DELIVERIES):
            failures, metrics = self._deliver(raws)
            accounted.update({end: metrics[end] for end in ENDS})
            if not failures:
                break
            self._rig.dynamo.throttled_customers = set()
            raws = _from(raws, failures)
        assert not failures, "throttled no more, and still not taken"
        assert accounted.total() == len(truth.events) + len(truth.rejected), f"counted {dict(accounted)}"
        assert accounted["EventsRejected"] == len(truth.rejected)
        self._compare_table(truth.events)
        self._compare_rejected(truth.rejected)
        return Counter({end.removeprefix("Events").lower(): n for end, n in accounted.items()})

    def _clear(self) -> None:
        self._rig.dynamo.items.clear()
        self._rig.dynamo.request_sizes.clear()
        objects = self._rig.s3.objects
        for key in [key for key in objects if key.startswith(REJECTED_PREFIX)]:
            del objects[key]
        self._logged.seek(0)
        self._logged.truncate()

    def _deliver(self, raws: list[dict[str, Any]]) -> tuple[list[str], dict[str, int]]:
        """The sequence numbers reported, and the counts that were printed."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            answer = self._invocations.handle({"Records": raws}, Context())
        [line] = printed.getvalue().splitlines()
        counts = {name: int(v[0]) for name, v in json.loads(line).items() if name.startswith("Events")}
        assert counts["EventsReceived"] == counts["EventsRetried"] + sum(counts[end] for end in ENDS)
        failures = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        known = {raw["kinesis"]["sequenceNumber"] for raw in raws}
        assert known.issuperset(failures), "reported what was not in the batch"
        assert len(set(failures)) == len(failures), "reported twice"
        return failures, counts

    def _compare_table(self, events: list[Event]) -> None:
        # Of events with one key the last to arrive counts.
        by_key = {(event.customer_id, _key(event)): event for event in events}
        newest: dict[str, str] = {}
        for customer, key in by_key:
            newest[customer] = max(newest.get(customer, ""), key)
        items = self._rig.dynamo.items
        assert set(items) <= set(by_key), f"wrote what was not sent: {sorted(set(items) - set(by_key))[:3]}"
        assert set(newest.items()) <= set(items), "a customer's newest event is not in the table"
        for place, item in items.items():
            _check_item(item, by_key[place])

    def _compare_rejected(self, expected: dict[str, Kept]) -> None:
        pending = self._rig.rejected.pending()
        assert not pending.unreadable
        kept = {r.event_id: Kept(r.data, r.kind, r.received_at, r.partition_key) for r in pending.records}
        wrong = sorted(name for name in kept.keys() | expected if kept.get(name) != expected.get(name))
        assert not wrong, f"{len(wrong)} rejected records are not kept as they came: {wrong[:3]}"


def _raw(text: str, position: int) -> dict[str, Any]:
    raw = record(text, position)
    raw["kinesis"]["approximateArrivalTimestamp"] = arrived_ms(position) / 1000
    return raw


def _from(raws: list[dict[str, Any]], failures: list[str]) -> list[dict[str, Any]]:
    """What Lambda delivers again: everything from the lowest number reported."""
    lowest = min(map(int, failures))
    return [raw for raw in raws if int(raw["kinesis"]["sequenceNumber"]) >= lowest]


def _key(event: Event) -> str:
    return event_key(event.time_ms, event.event_id, micros=event.time.microsecond % 1000)


def _check_item(item: dict[str, Any], event: Event) -> None:
    """An item says what the model says of its event, and agrees with itself."""
    stored = from_item(item)
    row = dict(zip(SCHEMA.feature_names, event.values, strict=True))
    expected = probability_by_hand(row)
    assert abs(stored.probability - expected) <= PROBABILITY_TOLERANCE, f"{stored}, expected {expected}"
    assert stored.band == BANDS.name_of(stored.probability)
    assert stored.event_key == _key(event)
    assert stored.event_time == stored.event_key[: len("2026-11-20T10:00:00.123Z")]
    assert set(stored.unseen) == _unseen(row), f"unseen: {stored.unseen}"
    assert len(stored.reasons) == 3
    shard = item.get("risk_shard", {}).get("S")
    assert shard == (risk_shard(stored.customer_id) if stored.band == HIGH_BAND else None)


def _unseen(row: dict[str, Any]) -> set[str]:
    spelled = {name: str(v).lower() if isinstance(v, bool) else v for name, v in row.items()}
    return {name for name, known in CATEGORIES.items() if spelled[name] and spelled[name] not in known}
