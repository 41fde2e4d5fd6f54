"""What could not be scored waits in S3 with its bytes, is listed once, and is replayed once."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from scorer.errors import StorageError, UnreadableObjectError
from scorer.objects import S3Objects
from scorer.rejected import RejectedStore
from tests.scorer.batches import FAR_DEADLINE, NOW_MS, SHARD, Rig, batch_of, event, record, sequence
from tests.scorer.fakes import FakeS3, client_error

UNDELIVERED_KEY = f"aws/lambda/5c0f-uuid/{SHARD}/2026/11/20/2026-11-20T10.00.00-0b1d"


def undelivered(payload: Any) -> bytes:
    """The object Lambda writes to an S3 on-failure destination.

    https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
    """
    document = {
        "requestContext": {
            "requestId": "c9b8fa9f-5a7f-4a0e-af9c-0c604cde93a5",
            "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:scorer",
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 1,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-11-20T10:00:00.000Z",
        "KinesisBatchInfo": {"shardId": SHARD, "batchSize": 2},
        "payload": payload,
    }
    return json.dumps(document).encode()


def test_a_batch_has_one_object_whose_key_says_where_it_came_from() -> None:
    """Schema, arrival day, shard, first and last sequence number of the batch, and what is in it."""
    rig = Rig()
    rig.score(batch_of(event("a"), b"{", b"}", event("b")), deadline=FAR_DEADLINE)
    [key] = rig.rejected.keys()
    digest = hashlib.sha256(rig.s3.objects[key]).hexdigest()[:12]
    place = f"rejected/tiny/2026/11/20/{SHARD}/{sequence(0)}-{sequence(3)}"
    assert key == f"{place}-{digest}.jsonl"


def test_a_slow_instance_takes_nothing_from_one_that_settled_more() -> None:
    """Both have the same batch; the one that could not write all stores less, and stores it last."""
    fast = Rig()
    slow = Rig(s3=fast.s3, answer=lambda _: client_error("ThrottlingException"))
    batch = batch_of(b"{first", event("a"), b"{second")
    fast.score(batch, deadline=FAR_DEADLINE)
    slow.score(batch, deadline=FAR_DEADLINE)
    assert sorted(found.data for found in fast.rejected.pending().records) == [b"{first", b"{second"]


def test_a_listed_record_says_why_when_and_where() -> None:
    """All that is needed to repair it, and the key to look at."""
    rig = Rig()
    rig.score(batch_of(event("a", charges="x")), deadline=FAR_DEADLINE)
    [found] = rig.rejected.pending().records
    assert (found.event_id, found.kind, found.field) == (f"{SHARD}:{sequence(0)}", "wrong_type", "charges")
    assert found.reason.startswith("charges: expected ")
    assert (found.received_at, found.partition_key) == ("2026-11-20T10:00:00.000Z", "key")
    assert found.data == event("a", charges="x")
    assert [found.key] == list(rig.rejected.keys())


def test_a_record_delivered_in_two_batches_is_given_once_with_both_objects() -> None:
    """Lambda cut the second batch differently: two objects hold the record, and a replay clears both."""
    rig = Rig()
    batch = batch_of(b"{", b"}")
    rig.score(batch, deadline=FAR_DEADLINE)
    rig.score(batch[1:], deadline=FAR_DEADLINE)
    pending = rig.rejected.pending()
    assert sorted(found.data for found in pending.records) == [b"{", b"}"]
    assert len(pending.keys) == 2


def test_a_replayed_object_is_moved_and_listed_no_more() -> None:
    """It stays in the bucket under replayed/, so that a mistake can be undone."""
    rig = Rig()
    rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    [key] = rig.rejected.pending().keys
    body = rig.s3.objects[key]
    rig.rejected.mark_replayed(key)
    assert rig.rejected.pending() == ([], [], [])
    assert rig.s3.objects[f"replayed/{key}"] == body


@pytest.mark.parametrize("as_text", [False, True])
def test_batches_that_lambda_gave_up_on_are_listed_too(as_text: bool) -> None:
    """Each record of the kept payload, with Lambda's condition as reason, payload as object or as text."""
    rig = Rig()
    payload: Any = {"Records": batch_of(event("a"), b"{")}
    rig.s3.objects[UNDELIVERED_KEY] = undelivered(json.dumps(payload) if as_text else payload)
    pending = rig.rejected.pending()
    assert pending.keys == [UNDELIVERED_KEY]
    assert [found.data for found in pending.records] == [event("a"), b"{"]
    assert {(f.kind, f.reason, f.key) for f in pending.records} == {
        ("undelivered", "RetryAttemptsExhausted", UNDELIVERED_KEY)
    }
    rig.rejected.mark_replayed(UNDELIVERED_KEY)
    assert rig.rejected.pending().records == []


def test_a_listing_longer_than_a_page_is_complete() -> None:
    """S3 lists at most so many keys a page; all pages are read."""
    rig = Rig(s3=FakeS3(page_size=2))
    for position in range(5):
        rig.score([record(b"{", position)], deadline=FAR_DEADLINE)
    assert len(rig.rejected.pending().records) == 5


def test_another_schemas_records_are_not_listed() -> None:
    """`rejected/tiny/` is not `rejected/tiny-two/`."""
    rig = Rig()
    rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    assert RejectedStore(S3Objects(rig.s3, "bucket"), "tin").pending().records == []


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("rejected/tiny/x.jsonl", b"{\n"),
        ("rejected/tiny/x.jsonl", b'{"event_id":"1"}\n'),
        (UNDELIVERED_KEY, b"{}"),
        (UNDELIVERED_KEY, undelivered({"Records": [{}]})),
        (UNDELIVERED_KEY, undelivered(None)),
        (UNDELIVERED_KEY, undelivered("not json")),
    ],
)
def test_an_object_that_cannot_be_read_is_named(key: str, body: bytes) -> None:
    """One line with its key, so that someone can look at it; the other objects are given all the same."""
    rig = Rig()
    rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    rig.s3.objects[key] = body
    pending = rig.rejected.pending()
    assert [found.data for found in pending.records] == [b"{"]
    [line] = pending.unreadable
    assert key in line
    with pytest.raises(UnreadableObjectError):
        rig.rejected.load(key)


def test_an_object_replayed_by_someone_else_is_done() -> None:
    """Two people replay at once: the second finds the object gone, and has nothing left to do."""
    rig = Rig()
    rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    [key] = rig.rejected.pending().keys
    rig.rejected.mark_replayed(key)
    rig.rejected.mark_replayed(key)
    assert f"replayed/{key}" in rig.s3.objects


def test_a_store_that_does_not_answer_is_one_line() -> None:
    """Listing, reading and moving each name the object and the code."""
    rig = Rig()
    rig.score(batch_of(b"{"), deadline=FAR_DEADLINE)
    [key] = rig.rejected.keys()
    rig.s3.failing.add("rejected/")
    for call in (
        rig.rejected.pending,
        lambda: rig.rejected.load(key),
        lambda: rig.rejected.mark_replayed(key),
    ):
        with pytest.raises(StorageError, match=r"s3://bucket/rejected/tiny/.*SlowDown"):
            call()


def test_the_day_of_the_key_is_that_of_arrival() -> None:
    """An event whose own time lies years back is filed under the day it arrived."""
    rig = Rig()
    rig.score(batch_of(event("a", tenure=-1, time_ms=NOW_MS // 2)), deadline=FAR_DEADLINE)
    assert "/2026/11/20/" in rig.rejected.pending().keys[0]
