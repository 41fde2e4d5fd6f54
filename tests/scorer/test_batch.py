"""One batch, from Kinesis records to the table, and where each record ended."""

from __future__ import annotations

import math

import msgspec
import pytest

from contract.champion import champion_key
from contract.event import MAX_CLOCK_SKEW_MS, format_time
from contract.prediction import from_item
from scorer import decoding
from scorer.batch import SECONDS_PER_DAY
from scorer.errors import ModelError, NoUsableModelError
from scorer.rejected import RejectedRecord
from tests.kpl import aggregate
from tests.scorer.batches import (
    FAR_DEADLINE,
    NOW_MS,
    RETENTION_DAYS,
    ROW,
    SHARD,
    Rig,
    batch_of,
    event,
    sequence,
)
from tests.scorer.fakes import client_error
from tests.scorer.graphs import probability_by_hand, tiny_graph, tiny_manifest


def stored(rig: Rig, customer: str) -> list[str]:
    return sorted(key for name, key in rig.dynamo.items if name == customer)


def test_an_event_becomes_the_item_that_the_model_says() -> None:
    """Probability, band, reasons, times and expiry of the stored item are those computed by hand."""
    rig = Rig()
    outcome = rig.score(batch_of(event("7590", event_id="id-1")), deadline=FAR_DEADLINE)
    assert (outcome.received, outcome.written, outcome.retry) == (1, 1, [])
    [item] = rig.dynamo.items.values()
    prediction = from_item(item)
    assert prediction.probability == pytest.approx(probability_by_hand(ROW), abs=1e-6)
    assert prediction.band == "high"
    assert prediction.event_key == f"{format_time(NOW_MS)}#id-1"
    assert prediction.scored_at == format_time(NOW_MS + 1000)
    assert prediction.expires_at == NOW_MS // 1000 + RETENTION_DAYS * SECONDS_PER_DAY
    assert outcome.latencies_ms == [1000.0]
    assert (outcome.medium_risk, outcome.high_risk) == (0, 1)
    assert outcome.probability_sum == prediction.probability


def test_events_of_one_customer_collapse_to_the_newest_by_event_time() -> None:
    """The newest time wins wherever it stands in the batch; of equal times the greater id wins."""
    rig = Rig()
    batch = batch_of(
        event("a", time_ms=NOW_MS - 5, event_id="z"),
        event("a", time_ms=NOW_MS, event_id="x"),
        event("a", time_ms=NOW_MS, event_id="w"),
        event("a", time_ms=NOW_MS - 9, event_id="y"),
        event("b"),
    )
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert stored(rig, "a") == [f"{format_time(NOW_MS)}#x"]
    assert (outcome.written, outcome.collapsed) == (2, 3)


def test_exact_duplicates_are_written_once() -> None:
    """A producer's retry makes the same event arrive twice: one is written, one collapsed."""
    rig = Rig()
    outcome = rig.score(batch_of(event("a"), event("a")), deadline=FAR_DEADLINE)
    assert (len(rig.dynamo.items), outcome.written, outcome.collapsed) == (1, 1, 1)


def test_of_two_versions_of_one_event_the_last_to_arrive_stays() -> None:
    """As it would across two batches, where the second rewrites the item of the first."""
    rig = Rig()
    rig.score(batch_of(event("a", tenure=1), event("a", tenure=90)), deadline=FAR_DEADLINE)
    [item] = rig.dynamo.items.values()
    expected = probability_by_hand(ROW | {"tenure": 90})
    assert from_item(item).probability == pytest.approx(expected, abs=1e-6)


def test_an_event_whose_source_clock_is_ahead_has_no_negative_latency() -> None:
    """Up to five minutes ahead are accepted; a negative value would pull every percentile down."""
    outcome = Rig().score(batch_of(event("a", time_ms=NOW_MS + 60_000)), deadline=FAR_DEADLINE)
    assert outcome.latencies_ms == [0.0]


def test_a_time_is_judged_by_the_arrival_of_its_own_record() -> None:
    """Six minutes ahead of one record is five ahead of another that came later; nothing is before 1970."""
    rig = Rig()
    ahead = NOW_MS + MAX_CLOCK_SKEW_MS + 60_000
    batch = batch_of(event("a", time_ms=ahead), event("b", time_ms=ahead), event("c", time_ms=-1), event("d"))
    batch[1]["kinesis"]["approximateArrivalTimestamp"] = (NOW_MS + 60_000) / 1000
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert {customer for customer, _ in rig.dynamo.items} == {"b", "d"}
    assert outcome.rejected_kinds == {"future_time": 1, "bad_time": 1}


def test_an_older_event_never_outlives_a_newer_one() -> None:
    """Scored a day after the newest, it still expires before it: readers never see it as the latest."""
    rig = Rig()
    rig.score(batch_of(event("a", time_ms=NOW_MS)), deadline=FAR_DEADLINE)
    late = batch_of(event("a", time_ms=NOW_MS - 1_000))
    late[0]["kinesis"]["approximateArrivalTimestamp"] = NOW_MS / 1000 + SECONDS_PER_DAY
    rig.score(late, deadline=FAR_DEADLINE)
    older, newest = (from_item(rig.dynamo.items["a", key]) for key in stored(rig, "a"))
    assert (older.expires_at, newest.expires_at - older.expires_at) == (NOW_MS // 1000 - 1 + 30 * 86_400, 1)


def test_an_event_whose_score_nobody_could_read_is_rejected() -> None:
    """Older than scores are kept when it arrived, by its own record's arrival; its bytes are kept."""
    rig = Rig()
    oldest = NOW_MS - RETENTION_DAYS * SECONDS_PER_DAY * 1000
    batch = batch_of(
        *(event(name, time_ms=ms) for name, ms in [("a", oldest), ("b", oldest - 1), ("c", oldest)])
    )
    batch[2]["kinesis"]["approximateArrivalTimestamp"] = (NOW_MS + 1) / 1000
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert {customer for customer, _ in rig.dynamo.items} == {"a"}
    assert outcome.rejected_kinds == {"expired": 2}
    assert {record.field for record in rig.rejected.pending().records} == {"time"}
    assert "predictionDays" in rig.rejected.pending().records[0].reason


def test_events_of_one_millisecond_are_ordered_by_their_microseconds() -> None:
    """Whatever their ids say; those of a whole millisecond keep the key that they always had."""
    rig = Rig()
    whole = event("a", event_id="z")
    stamp = format_time(NOW_MS).encode()
    first, second = (
        event("a", event_id=name).replace(stamp, stamp[:-1] + micros)
        for name, micros in [("y", b"001Z"), ("x", b"7Z")]
    )
    outcome = rig.score(batch_of(second, whole, first), deadline=FAR_DEADLINE)
    assert stored(rig, "a") == [f"{format_time(NOW_MS)}$700#x"]
    assert (outcome.written, outcome.collapsed) == (1, 2)
    for each in (first, second, whole):
        rig.score(batch_of(each), deadline=FAR_DEADLINE)
    assert [key[24:] for key in stored(rig, "a")] == ["#z", "$001#y", "$700#x"]


def test_rejected_records_are_stored_and_do_not_hold_up_the_rest() -> None:
    """Bytes that never heal go to S3 with a reason, and nothing is reported for retry."""
    rig = Rig()
    batch = batch_of(b"{", event("a", tenure="x"), event("b"), "!!", event("c", tenure=101))
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert (outcome.written, outcome.rejected, outcome.retry) == (1, 4, [])
    assert outcome.rejected_kinds == {"bad_json": 1, "wrong_type": 1, "bad_encoding": 1, "out_of_range": 1}
    records = rig.rejected.pending().records
    assert [record.field for record in records] == ["", "tenure", "", "tenure"]
    assert [record.data for record in records][:2] == [b"{", event("a", tenure="x")]


def test_a_category_never_seen_in_training_is_scored_and_counted() -> None:
    """It contributes nothing, is named on the prediction, and is no rejection."""
    rig = Rig()
    outcome = rig.score(batch_of(event("a", contract="weekly")), deadline=FAR_DEADLINE)
    [item] = rig.dynamo.items.values()
    prediction = from_item(item)
    assert prediction.unseen == ("contract",)
    assert prediction.probability == pytest.approx(probability_by_hand(ROW | {"contract": "?"}), abs=1e-6)
    assert (outcome.unseen_categories, outcome.rejected) == (1, 0)


def test_what_was_not_written_is_reported_lowest_first_with_all_records_of_its_customer() -> None:
    """Lambda restarts at the lowest number: everything from there counts as retried, and only that."""
    rig = Rig(answer=lambda _: client_error("ThrottlingException"))
    batch = batch_of(b"{", event("a", time_ms=NOW_MS - 1), b"}", event("a"), event("b"))
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert outcome.retry == [sequence(1), sequence(3), sequence(4)]
    assert "ThrottlingException" in outcome.trouble
    assert (outcome.rejected, outcome.retried, outcome.written) == (1, 4, 0)


def test_only_rejections_before_the_restart_are_stored() -> None:
    """A rejection after it comes again, and is stored then."""
    rig = Rig(answer=lambda _: client_error("InternalServerError", 500))
    rig.score(batch_of(b"{first", event("a"), b"{second"), deadline=FAR_DEADLINE)
    assert [record.data for record in rig.rejected.pending().records] == [b"{first"]


def test_a_written_event_after_the_restart_counts_when_it_comes_again() -> None:
    """Customer b stays unwritten; z is written, but lies after b's record, so it counts with the retried."""
    rig = Rig(answer=lambda number: 1 if number == 0 else client_error("ThrottlingException"))
    batch = batch_of(event("a"), event("z", time_ms=NOW_MS - 1), event("b"), event("z"))
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert outcome.retry == [sequence(2)]
    assert {customer for customer, _ in rig.dynamo.items} == {"a", "z"}
    assert (outcome.written, outcome.collapsed, outcome.retried) == (1, 1, 2)
    assert len(outcome.latencies_ms) == outcome.written


def test_sequence_numbers_compare_as_integers() -> None:
    """99…9 comes before 100…0, although as text it sorts after it."""
    assert sequence(0) > sequence(1)
    rig = Rig(answer=lambda _: client_error("ThrottlingException"))
    outcome = rig.score(batch_of(event("a"), event("b")), deadline=FAR_DEADLINE)
    assert outcome.retry == [sequence(0), sequence(1)]
    assert outcome.retried == 2


def test_if_rejected_records_cannot_be_stored_the_whole_batch_comes_again() -> None:
    """Bytes are never lost quietly: the first record is reported and nothing else is counted."""
    rig = Rig()
    rig.s3.failing.add("rejected/")
    outcome = rig.score(batch_of(event("a"), b"{"), deadline=FAR_DEADLINE)
    assert outcome.retry == [sequence(0)]
    assert (outcome.retried, outcome.written, outcome.rejected) == (2, 0, 0)
    assert "SlowDown" in outcome.trouble


def test_a_bucket_that_is_down_for_a_while_is_waited_for() -> None:
    """What cannot be kept at once is kept later in the same invocation, which costs none of the retries."""
    rig = Rig()
    rig.s3.failing.add("rejected/")
    rig.when_waited = lambda: rig.s3.failing.clear() if rig.waits == 5 else None
    outcome = rig.score(batch_of(event("a"), b"{"), deadline=FAR_DEADLINE)
    assert (outcome.retry, outcome.written, outcome.rejected) == ([], 1, 1)
    assert rig.waits == 5


def test_the_same_batch_again_leaves_the_same_items_and_objects() -> None:
    """At least once in, effectively once out: a second delivery changes nothing that is stored."""
    rig = Rig()
    batch = batch_of(event("a"), b"{", event("b"))
    rig.score(batch, deadline=FAR_DEADLINE)
    items, objects = dict(rig.dynamo.items), dict(rig.s3.objects)
    rig.score(batch, deadline=FAR_DEADLINE)
    assert (rig.dynamo.items, rig.s3.objects) == (items, objects)


def test_every_part_of_an_aggregated_record_is_a_record() -> None:
    """Each is scored, collapsed or rejected by itself; a rejected one is named by its part."""
    rig = Rig()
    packed = aggregate(
        [("a", event("a", tenure=1)), ("b", b"{"), ("a", event("a", tenure=9)), ("c", event("c"))]
    )
    outcome = rig.score(batch_of(event("d"), packed), deadline=FAR_DEADLINE)
    assert (outcome.received, outcome.written, outcome.collapsed, outcome.rejected) == (5, 3, 1, 1)
    [found] = rig.rejected.pending().records
    assert (found.event_id, found.partition_key, found.data) == (f"{SHARD}:{sequence(1)}:1", "b", b"{")


def test_an_aggregated_record_of_which_a_part_was_not_written_comes_again_whole() -> None:
    """Its parts share one sequence number: none counts as settled, and no rejection is stored yet."""
    rig = Rig()
    rig.dynamo.throttled_customers.add("c")
    packed = aggregate([("a", event("a")), ("b", b"{"), ("c", event("c"))])
    batch = batch_of(event("d"), packed, event("e"))
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert outcome.retry == [sequence(1)]
    assert (outcome.written, outcome.rejected, outcome.retried) == (1, 0, 4)
    assert rig.rejected.pending().records == []
    rig.dynamo.throttled_customers.clear()
    again = rig.score(batch[1:], deadline=FAR_DEADLINE)
    assert (again.received, again.written, again.rejected) == (4, 3, 1)
    assert {customer for customer, _ in rig.dynamo.items} == {"a", "c", "d", "e"}


def test_a_flood_of_parts_is_taken_in_bites(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whole records up to the bound, the first always; what was left is reported and comes again."""
    monkeypatch.setattr(decoding, "MAX_PARTS", 5)
    rig = Rig()
    packed = [
        aggregate([(f"{n}{part}", event(f"{n}{part}") if part else b"{") for part in range(size)])
        for n, size in enumerate([9, 3, 2, 1])
    ]
    batch = batch_of(*packed, event("z"))
    outcome = rig.score(batch, deadline=FAR_DEADLINE)
    assert outcome.retry == [sequence(n) for n in (1, 2, 3, 4)]
    assert (outcome.received, outcome.written, outcome.rejected, outcome.retried) == (13, 8, 1, 4)
    assert "5 parts" in outcome.trouble
    outcome = rig.score(batch[1:], deadline=FAR_DEADLINE)
    assert (outcome.retry, outcome.retried) == ([sequence(3), sequence(4)], 2)
    assert rig.score(batch[3:], deadline=FAR_DEADLINE).retry == []
    assert (len(rig.dynamo.items), len(rig.rejected.pending().records)) == (8 + 2 + 1 + 0 + 1, 4)


def test_without_a_model_nothing_is_consumed() -> None:
    """No usable model raises, so that the event source keeps the records, garbage included."""
    rig = Rig()
    del rig.s3.objects[champion_key("tiny")]
    with pytest.raises(NoUsableModelError, match="churn train"):
        rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    assert rig.rejected.pending().records == []


def test_a_score_that_is_no_number_fails_the_batch() -> None:
    """A NaN from the graph is a failure of the model, never a score in the table."""
    rig = Rig()
    graph = tiny_graph(contract_odds={"yearly": math.nan})
    rig.s3.promote(graph, tiny_manifest(graph, "v2"))
    with pytest.raises(ModelError, match="model v2"):
        rig.score(batch_of(event("a", contract="yearly")), deadline=FAR_DEADLINE)
    assert rig.dynamo.items == {}


def test_a_write_that_never_heals_is_raised() -> None:
    """A missing table or permission is not throttling: it raises, and the event source bisects."""
    rig = Rig(answer=lambda _: client_error("AccessDeniedException"))
    with pytest.raises(Exception, match="AccessDenied"):
        rig.score(batch_of(event("a")), deadline=FAR_DEADLINE)


def test_an_empty_batch_is_no_trouble() -> None:
    """Nothing in, nothing out."""
    outcome = Rig().score([], deadline=FAR_DEADLINE)
    assert (outcome.received, outcome.retry) == (0, [])


def test_the_rejected_line_holds_no_more_than_it_says() -> None:
    """The stored line has exactly the documented fields; data is base64."""
    rig = Rig()
    rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    [body] = [body for key, body in rig.s3.objects.items() if key.startswith("rejected/")]
    line = msgspec.json.decode(body)
    assert set(line) == {*RejectedRecord.__struct_fields__} - {"key"}
    assert line["data"] == "ew=="
