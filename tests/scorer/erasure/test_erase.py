"""One customer is erased from a versioned bucket, whoever writes to it meanwhile, and nobody else."""

from __future__ import annotations

import pytest

from scorer.erasure.erase import Erasure
from scorer.erasure.holding import Sought
from scorer.erasure.items import CustomerItems
from scorer.erasure.mention import Customer
from scorer.erasure.versions import VersionedBucket
from scorer.errors import StillArrivingError, StorageError
from tests.scorer.batches import event
from tests.scorer.erasure.fake_table import FakeTable
from tests.scorer.erasure.objects import raw, rejected_object, undelivered_object
from tests.scorer.erasure.versioned_s3 import VersionedS3
from tests.scorer.fakes import client_error
from tests.scorer.test_rejected import UNDELIVERED_KEY

ID = "7590-VHVEG"
KEY = "rejected/tiny/2026/11/20/x.jsonl"
MINE, OTHERS = raw(event(ID), 0), raw(event("other"), 1)


class Rig:
    """The erasure over a bucket and a table in memory."""

    def __init__(self) -> None:
        self.s3 = VersionedS3()
        self.table = FakeTable()
        self.erasure = self.again()

    def again(self) -> Erasure:
        """As a second run of the command."""
        items = CustomerItems(self.table, "predictions")
        return Erasure(items, VersionedBucket(self.s3, "bucket"), Sought(Customer(ID)))


def test_an_object_of_several_customers_is_written_again_without_the_one() -> None:
    """What is current holds the others; the version that held the customer is gone; the type stays."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))
    rig.s3.add(UNDELIVERED_KEY, undelivered_object(MINE, OTHERS))
    tally = rig.erasure.erase()
    assert rig.s3.current(KEY) == rejected_object(OTHERS)
    assert len(rig.s3.bodies()) == 2
    assert rig.s3.content_types == {KEY: "application/x-ndjson", UNDELIVERED_KEY: "application/json"}
    assert (len(tally.events), len(tally.versions)) == (1, 2)


def test_an_object_of_the_customer_alone_is_deleted_with_its_history() -> None:
    """No older version comes to the light again, although one of another's is there."""
    rig = Rig()
    older = rejected_object(OTHERS)
    for body in (older, rejected_object(MINE, OTHERS), rejected_object(MINE)):
        rig.s3.add(KEY, body)
    rig.erasure.erase()
    assert rig.s3.current(KEY) is None
    assert rig.s3.bodies() == [older]


def test_what_was_replayed_is_erased_where_it_lies_and_where_it_lay() -> None:
    """The copy, and the version that the delete marker hides."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE))
    rig.s3.add(KEY, None)
    rig.s3.add(f"replayed/{KEY}", rejected_object(MINE))
    tally = rig.erasure.erase()
    assert rig.s3.bodies() == []
    assert (len(tally.events), len(tally.versions)) == (1, 2)


def test_a_writer_that_comes_in_between_is_not_overwritten() -> None:
    """If-Match refuses; what was written meanwhile is kept, but for the customer's part of it."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))
    late = raw(event("late"), 2)

    def write_once(key: str) -> None:
        rig.s3.before_write = lambda _: None
        rig.s3.add(key, rejected_object(MINE, OTHERS, late))

    rig.s3.before_write = write_once
    rig.erasure.erase()
    assert rig.s3.current(KEY) == rejected_object(OTHERS, late)
    assert rig.s3.bodies() == [rejected_object(OTHERS, late)]


def test_a_conflict_that_decides_nothing_loses_nobody_elses_events() -> None:
    """S3 answers 409 while another write is under way: the version stays until the next round."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))

    def conflict_once(_: str) -> None:
        rig.s3.before_write = lambda _: None
        raise client_error("ConditionalRequestConflict", 409)

    rig.s3.before_write = conflict_once
    rig.erasure.erase()
    assert rig.s3.bodies() == [rejected_object(OTHERS)]


@pytest.mark.parametrize("alone", [True, False])
def test_an_object_that_is_deleted_in_between_is_no_failure(alone: bool) -> None:
    """A replay moved it; the version that it left is erased, and the object does not come back."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE) if alone else rejected_object(MINE, OTHERS))

    def delete_once(key: str) -> None:
        rig.s3.before_write = lambda _: None
        rig.s3.add(key, None)

    rig.s3.before_write = delete_once
    rig.erasure.erase()
    assert rig.s3.current(KEY) is None
    assert rig.s3.bodies() == []


def test_a_writer_without_end_is_told() -> None:
    """Nothing is said to be erased that is not."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))
    rig.s3.before_write = lambda key: rig.s3.add(key, rejected_object(MINE, raw(b"{", len(rig.s3.reads))))
    with pytest.raises(StillArrivingError, match="as fast as they are erased"):
        rig.erasure.erase()


def test_a_run_that_was_stopped_is_completed_by_the_next() -> None:
    """After the rewriting, before the deleting: nothing of another is lost, nothing of the customer stays."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))
    rig.s3.failing.add("delete")
    with pytest.raises(StorageError, match=r"s3://bucket/rejected/.*AccessDenied"):
        rig.erasure.erase()
    assert rig.s3.current(KEY) == rejected_object(OTHERS)
    rig.s3.failing.clear()
    rig.again().erase()
    assert rig.s3.bodies() == [rejected_object(OTHERS)]
    assert not rig.again().find()


def test_looking_changes_nothing_and_counts_what_erasing_erases() -> None:
    """Scores, distinct events, versions; another's object is no part of it, and is read once only."""
    rig = Rig()
    rig.table.items = {(ID, "1"), (ID, "2"), ("other", "1")}
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))
    rig.s3.add("rejected/tiny/y.jsonl", rejected_object(OTHERS))
    before = rig.s3.bodies()
    found = rig.erasure.find()
    assert (found.scores, len(found.events), len(found.versions)) == (2, 1, 1)
    assert rig.s3.bodies() == before
    erased = rig.erasure.erase()
    assert (erased.scores, erased.events, erased.versions) == (2, found.events, found.versions)
    assert rig.table.items == {("other", "1")}
    assert [key for key, _ in rig.s3.reads].count("rejected/tiny/y.jsonl") == 1


def test_models_and_other_objects_are_not_even_read() -> None:
    """Only what can hold events."""
    rig = Rig()
    rig.s3.add("models/tiny/versions/v1/report.html", ID.encode())
    assert not rig.erasure.find()
    assert rig.s3.reads == []


@pytest.mark.parametrize("verb", ["list", "get", "put"])
def test_a_bucket_that_refuses_is_one_line(verb: str) -> None:
    """With the key and the code."""
    rig = Rig()
    rig.s3.add(KEY, rejected_object(MINE, OTHERS))
    rig.s3.failing.add(verb)
    with pytest.raises(StorageError, match=r"^s3://bucket/rejected/.*AccessDenied\)$"):
        rig.erasure.erase()
