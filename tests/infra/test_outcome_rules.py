"""What becomes of a batch, one documented rule per test."""

import json
from collections import deque
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.mapping import MappingSettings
from infra.local.outcome import Batch, FunctionFailed, NotInvoked, Returned, decide, expire
from infra.local.records import Record

Settings = Callable[..., MappingSettings]
Records = Callable[..., tuple[Record, ...]]


def report(*sequence_numbers: object) -> Returned:
    """A response that reports these records."""
    return Returned(
        json.dumps({"batchItemFailures": [{"itemIdentifier": n} for n in sequence_numbers]}).encode()
    )


def numbers(batch: Batch | None) -> list[int]:
    return [record.order for record in batch.records] if batch else []


@pytest.mark.parametrize(
    "payload", [b"", b"null", b"{}", b'{"batchItemFailures": []}', b'{"batchItemFailures": null}']
)
def test_empty_and_null_responses_are_success(settings: Settings, records: Records, payload: bytes) -> None:
    """An empty or null EventResponse or list finishes the whole batch."""
    decision = decide(Batch(records(3)), Returned(payload), settings())
    assert (decision.done, decision.again, decision.discarded) == (3, (), None)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"wrongKey": "2"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "99"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "99"}]}',
        b'{"batchItemFailures": ["2"]}',
        b'{"batchItemFailures": "2"}',
        b'"ok"',
        b"not json",
    ],
)
def test_a_report_that_names_no_record_fails_the_whole_batch(
    settings: Settings, records: Records, payload: bytes
) -> None:
    """An empty, null, unknown or misspelt identifier sends all records again."""
    decision = decide(Batch(records(3)), Returned(payload), settings())
    assert decision.done == 0
    assert [numbers(batch) for batch in decision.again] == [[1, 2, 3]]


def test_reports_are_ignored_when_the_mapping_does_not_ask_for_them(
    settings: Settings, records: Records
) -> None:
    """Without ReportBatchItemFailures a returned report is plain success."""
    assert decide(Batch(records(3)), report("2"), settings(reports_item_failures=False)).done == 3


def test_the_lowest_reported_sequence_number_is_the_new_start(settings: Settings, records: Records) -> None:
    """Records before it are finished; it and all after it come again, in whatever order they were named.

    Sequence numbers compare as numbers: "9" is lower than "10".
    """
    decision = decide(Batch(records(12)), report("12", "9", "10"), settings())
    assert decision.done == 8
    assert [numbers(batch) for batch in decision.again] == [[9, 10, 11, 12]]


def test_a_partial_failure_uses_up_a_retry_without_bisect(settings: Settings, records: Records) -> None:
    """The rest counts as retried once, and is given up when no retry is left."""
    retried = decide(Batch(records(4)), report("3"), settings(retry_attempts=1)).again[0]
    assert (numbers(retried), retried.retries) == ([3, 4], 1)
    decision = decide(retried, report("4"), settings(retry_attempts=1))
    assert (decision.done, numbers(decision.discarded), decision.again) == (1, [4], ())


def test_a_partial_failure_with_bisect_splits_at_the_report(settings: Settings, records: Records) -> None:
    """Only the remaining records are retried, and the split uses up no retry."""
    decision = decide(Batch(records(4)), report("3"), settings(bisect=True, retry_attempts=0))
    assert decision.done == 2
    assert [(numbers(b), b.retries) for b in decision.again] == [([3, 4], 0)]


def test_a_function_error_retries_the_whole_batch(settings: Settings, records: Records) -> None:
    """Without bisect, all records come again and one retry is used up."""
    decision = decide(Batch(records(3)), FunctionFailed("Unhandled"), settings(retry_attempts=2))
    assert [(numbers(b), b.retries) for b in decision.again] == [([1, 2, 3], 1)]


def test_bisect_splits_a_failed_batch_in_two_in_order(settings: Settings, records: Records) -> None:
    """The halves come in stream order and the split uses up no retry."""
    decision = decide(Batch(records(5)), FunctionFailed("Unhandled"), settings(bisect=True, retry_attempts=0))
    assert [(numbers(b), b.retries) for b in decision.again] == [([1, 2, 3], 0), ([4, 5], 0)]


def test_bisect_applies_to_a_report_of_the_first_record(settings: Settings, records: Records) -> None:
    """Reporting the first record leaves nothing behind the checkpoint: a complete failure, split in two."""
    decision = decide(Batch(records(4)), report("1"), settings(bisect=True))
    assert [numbers(batch) for batch in decision.again] == [[1, 2], [3, 4]]


def test_a_single_record_is_retried_as_often_as_the_mapping_says(
    settings: Settings, records: Records
) -> None:
    """MaximumRetryAttempts=2 is three invocations; then the record is given up."""
    chosen, batch, invocations = settings(bisect=True, retry_attempts=2), Batch(records(1)), 0
    while True:
        invocations += 1
        decision = decide(batch, FunctionFailed("Unhandled"), chosen)
        if decision.discarded is not None:
            break
        (batch,) = decision.again
    assert invocations == 3
    assert decision.discarded.invokes == 3


def test_retries_are_unlimited_by_default(settings: Settings, records: Records) -> None:
    """MaximumRetryAttempts -1, the default, never gives up."""
    decision = decide(Batch(records(1), retries=10_000), FunctionFailed("Unhandled"), settings())
    assert decision.discarded is None


def test_a_throttle_uses_up_no_retry(settings: Settings, records: Records) -> None:
    """An invocation that did not happen leaves batch and retry count as they were, and does not bisect."""
    batch = Batch(records(4), retries=1)
    chosen = settings(retry_attempts=1, bisect=True)
    assert decide(batch, NotInvoked("TooManyRequestsException"), chosen).again == (batch,)


def test_records_past_the_maximum_age_are_not_sent(settings: Settings, records: Records) -> None:
    """MaximumRecordAgeInSeconds parts what is older from the rest, record by record."""
    batch = Batch(records(4))
    now = batch.records[0].arrived_at + 61
    fresh, expired = expire(batch, settings(record_age_seconds=60), now)
    assert (numbers(expired), numbers(fresh)) == ([1], [2, 3, 4])


def test_age_is_unlimited_by_default(settings: Settings, records: Records) -> None:
    """MaximumRecordAgeInSeconds -1, the default, expires nothing."""
    batch = Batch(records(2))
    assert expire(batch, settings(), now=4e9) == (batch, None)


@given(
    count=st.integers(1, 40),
    poison=st.sets(st.integers(1, 40)),
    raises=st.booleans(),
    bisect=st.booleans(),
    retry_attempts=st.integers(0, 3),
)
def test_every_record_ends_exactly_once_and_in_order(
    count: int, poison: set[int], raises: bool, bisect: bool, retry_attempts: int
) -> None:
    """Whatever fails, each record is finished or given up once; with bisect, only the poison is given up."""
    chosen = MappingSettings(
        mapping_id="m",
        stream_arn="arn:aws:kinesis:r:1:stream/s",
        function_arn="arn:aws:lambda:r:1:function:f",
        reports_item_failures=True,
        bisect=bisect,
        retry_attempts=retry_attempts,
    )
    todo = deque([Batch(tuple(Record(str(n), "k", 0.0, b"{}") for n in range(1, count + 1)))])
    ended: list[int] = []
    given_up: list[int] = []
    while todo:
        batch = todo.popleft()
        failing = [n for n in numbers(batch) if n in poison]
        outcome = Returned(b"") if not failing else FunctionFailed("E") if raises else report(str(failing[0]))
        decision = decide(batch, outcome, chosen)
        ended += numbers(batch)[: decision.done] + numbers(decision.discarded)
        given_up += numbers(decision.discarded)
        todo.extendleft(reversed(decision.again))
    assert ended == list(range(1, count + 1))
    assert set(given_up) >= poison & set(ended)
    if bisect:
        assert set(given_up) == poison & set(ended)
