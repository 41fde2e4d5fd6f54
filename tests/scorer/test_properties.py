"""Whatever comes in: the accounting adds up, nothing raises, and the newest event is what stays."""

from __future__ import annotations

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from scorer.outcome import Outcome
from tests.scorer.batches import FAR_DEADLINE, NOW_MS, Rig, batch_of, event
from tests.scorer.fakes import client_error

CUSTOMERS = st.sampled_from(["a", "b", "c", "ü/#", " "])
# Few times and ids, so that ties and duplicates are common.
EVENTS = st.builds(
    lambda customer, ahead, event_id, tenure: event(
        customer, time_ms=NOW_MS + ahead, event_id=event_id, tenure=tenure
    ),
    CUSTOMERS,
    st.integers(-2, 2),
    st.sampled_from(["1", "2", "10"]),
    st.integers(0, 110),  # above 100 is out of range
)
PAYLOADS = st.lists(st.one_of(EVENTS, st.binary(max_size=60), st.text(max_size=20)), max_size=40)


def flaky(seed: int, failure_rate: float) -> Callable[[int], int | Exception]:
    """DynamoDB that throttles, fails or leaves items unprocessed at random."""
    chance = random.Random(seed)

    def answer(_: int) -> int | Exception:
        if chance.random() >= failure_rate:
            return 0
        failures: list[int | Exception] = [
            1,
            2,
            25,
            client_error("ThrottlingException"),
            client_error("InternalServerError", 500),
        ]
        return chance.choice(failures)

    return answer


def run(payloads: list[bytes | str], answer: Callable[[int], int | Exception], store_fails: bool) -> Outcome:
    """Score one batch; Outcome itself asserts that written, collapsed, rejected and retried add up."""
    rig = Rig(answer=answer)
    if store_fails:
        rig.s3.failing.add("rejected/")
    outcome = rig.score(batch_of(*payloads), deadline=FAR_DEADLINE)
    assert outcome.received == len(payloads)
    assert list(outcome.retry) == sorted(outcome.retry, key=int)
    assert (outcome.retried > 0) == bool(outcome.retry)
    assert len(outcome.latencies_ms) == outcome.written
    return outcome


@given(PAYLOADS, st.integers(), st.floats(0, 1), st.booleans())
def test_any_batch_is_accounted_for(
    payloads: list[bytes | str], seed: int, failure_rate: float, store_fails: bool
) -> None:
    """Any bytes, any mix of throttling, 5xx and unprocessed items: no exception, and it adds up."""
    run(payloads, flaky(seed, failure_rate), store_fails)


@given(PAYLOADS, st.integers(), st.floats(0, 0.9))
def test_redelivery_from_the_lowest_report_loses_and_invents_nothing(
    payloads: list[bytes | str], seed: int, failure_rate: float
) -> None:
    """Redelivered as Lambda does until nothing is reported, every record has been counted exactly once, and
    the table's newest item of each customer is that of a calm run."""
    calm = Rig()
    calm.score(batch_of(*payloads), deadline=FAR_DEADLINE)
    rig = Rig(answer=flaky(seed, failure_rate))
    left, accounted = batch_of(*payloads), 0
    for attempt in range(200):
        if attempt == 100:
            rig.dynamo.answer = lambda _: 0
        outcome = rig.score(left, deadline=FAR_DEADLINE)
        accounted += outcome.written + outcome.collapsed + outcome.rejected
        if not outcome.retry:
            break
        first = int(outcome.retry[0])
        left = [raw for raw in left if int(raw["kinesis"]["sequenceNumber"]) >= first]
        assert len(left) == outcome.retried
    assert accounted == len(payloads)
    assert newest_items(rig) == newest_items(calm)
    assert {r.event_id for r in rig.rejected.pending().records} == {
        r.event_id for r in calm.rejected.pending().records
    }


def newest_items(rig: Rig) -> dict[str, tuple[str, str]]:
    """Customer → newest sort key and its probability."""
    return {
        customer: (key, rig.dynamo.items[customer, key]["probability"]["N"])
        for customer, key in sorted(rig.dynamo.items)
    }


@given(st.lists(st.tuples(CUSTOMERS, st.integers(-3, 3), st.integers(0, 9)), max_size=30), st.randoms())
def test_the_order_of_arrival_does_not_matter(
    specs: list[tuple[str, int, int]], chance: random.Random
) -> None:
    """The same events in any order leave each customer with the same newest item."""
    payloads: list[bytes | str] = [
        event(customer, time_ms=NOW_MS + ahead, event_id=f"id-{number}", tenure=number)
        for customer, ahead, number in specs
    ]
    shuffled = payloads.copy()
    chance.shuffle(shuffled)
    first, second = Rig(), Rig()
    first.score(batch_of(*payloads), deadline=FAR_DEADLINE)
    second.score(batch_of(*shuffled), deadline=FAR_DEADLINE)
    assert newest_items(first) == newest_items(second)
    assert len(first.dynamo.items) == len({customer for customer, _, _ in specs})
