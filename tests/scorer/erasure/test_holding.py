"""What an object is without a customer: the others' bytes as they were, in a form that can be replayed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_kinesis_agg.deaggregator import deaggregate_records
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.aggregation import SubRecord, split
from scorer.erasure.aggregate import join
from scorer.erasure.holding import Holding, Sought, search
from scorer.erasure.mention import Customer
from scorer.objects import S3Objects
from scorer.rejected import RejectedStore
from tests.kpl import aggregate
from tests.scorer.batches import SHARD, batch_of, event, sequence
from tests.scorer.erasure.objects import raw, rejected_object, undelivered_object
from tests.scorer.fakes import FakeS3
from tests.scorer.test_rejected import UNDELIVERED_KEY, undelivered

ID = "7590-VHVEG"
LINES_KEY = "rejected/tiny/x.jsonl"
SOUGHT = Sought(Customer(ID))


def readable(key: str, body: bytes) -> list[tuple[str, bytes]]:
    """Key and payload of the records, as `churn rejected` reads them."""
    s3 = FakeS3()
    s3.objects[key] = body
    return [
        (found.partition_key, found.data)
        for found in RejectedStore(S3Objects(s3, "bucket"), "tiny").load(key)
    ]


def rest_of(found: Holding) -> bytes:
    assert found.rest is not None
    return found.rest


def test_lines_of_others_stay_byte_for_byte() -> None:
    """Also a line that nobody can read, which hides none of theirs."""
    theirs = rejected_object(*batch_of(event("other"), b"{"))
    mine = rejected_object(raw(b"{", 5, key=ID))
    found = search(LINES_KEY, b"not json\n" + mine + theirs, SOUGHT)
    assert found.rest == b"not json\n" + theirs
    assert (found.erased, found.by_text) == ({f"{SHARD}:{sequence(5)}"}, set())


@pytest.mark.parametrize("prefix", ["", "replayed/"])
def test_an_object_of_the_customer_alone_has_no_rest(prefix: str) -> None:
    """By key, by subject and by text; replayed or not."""
    body = rejected_object(raw(b"{", 0, key=ID), raw(event(ID, tenure="x"), 1), raw(b'{"id": "7590-VHVEG', 2))
    found = search(prefix + LINES_KEY, body, SOUGHT)
    assert (found.rest, len(found.erased), len(found.by_text)) == (None, 3, 1)


def test_a_line_of_no_known_form_goes_where_the_id_is_in_it() -> None:
    """Cut off in the middle, with the payload still in base64: it can be nobody else's."""
    cut = rejected_object(raw(event(ID), 0))[:-30]
    found = search(LINES_KEY, cut, SOUGHT)
    assert (found.rest, found.by_text) == (None, {f"{LINES_KEY}#0"})


def test_an_event_of_another_that_names_the_customer_stays_unless_it_is_named() -> None:
    """It is listed by its id, and goes once a person has looked at it."""
    body = rejected_object(raw(event("other", charges=ID), 3))
    event_id = f"{SHARD}:{sequence(3)}"
    assert search(LINES_KEY, body, SOUGHT).unsure == {event_id}
    assert search(LINES_KEY, body, SOUGHT).rest == body
    named = search(LINES_KEY, body, Sought(Customer(ID), {event_id}))
    assert (named.rest, named.erased, named.unsure) == (None, {event_id}, set())


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("prefix", ["", "replayed/"])
def test_a_batch_that_lambda_gave_up_on_can_still_be_replayed(as_text: bool, prefix: str) -> None:
    """Its form stays that of Lambda; only the customer's records are gone."""
    raws = [raw(event(ID), 0), raw(event("other"), 1), raw(b"{", 2, key=ID), raw(b"}", 3)]
    found = search(prefix + UNDELIVERED_KEY, undelivered_object(*raws, as_text=as_text), SOUGHT)
    rest = rest_of(found)
    assert readable(UNDELIVERED_KEY, rest) == [("key", event("other")), ("key", b"}")]
    assert isinstance(json.loads(rest)["payload"], str) is as_text
    assert json.loads(rest)["requestContext"] == json.loads(undelivered_object())["requestContext"]
    assert len(found.erased) == 2
    assert search(UNDELIVERED_KEY, undelivered_object(raws[0]), SOUGHT).rest is None


def test_an_aggregated_record_loses_only_the_customers_parts() -> None:
    """Also where the whole record goes by the customer's key, as that of its first part."""
    parts = [(ID, event(ID)), ("b", event("b")), ("c", event("c"))]
    found = search(UNDELIVERED_KEY, undelivered_object(raw(aggregate(parts), 0, key=ID)), SOUGHT)
    rest = rest_of(found)
    assert readable(UNDELIVERED_KEY, rest) == parts[1:]
    assert ID.encode() not in rest
    assert search(UNDELIVERED_KEY, rest, SOUGHT).erased == set()
    assert json.loads(json.loads(rest)["payload"])["Records"][0]["kinesis"]["partitionKey"] == "b"


def test_an_aggregated_record_keeps_no_key_of_the_customer() -> None:
    """The key of the whole record is changed, although none of its parts is theirs."""
    body = undelivered_object(raw(aggregate([("b", event("b"))]), 0, key=ID))
    found = search(UNDELIVERED_KEY, body, SOUGHT)
    assert len(found.erased) == 1
    assert ID.encode() not in rest_of(found)
    assert readable(UNDELIVERED_KEY, rest_of(found)) == [("b", event("b"))]


@pytest.mark.parametrize("payload", [None, "not json", {"Records": [{}]}, {"Records": 7}])
def test_an_object_of_no_known_form_is_named_and_stays(payload: Any) -> None:
    """Where the id is in it; nobody can tell what else is."""
    assert not search(UNDELIVERED_KEY, undelivered(payload), SOUGHT).is_unknown
    body = undelivered(payload).replace(b'"1.0"', b'"7590-VHVEG"')
    found = search(UNDELIVERED_KEY, body, SOUGHT)
    assert (found.is_unknown, found.erased) == (True, set())


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), min_size=1), st.binary()), min_size=1, max_size=9
    )
)
def test_what_is_joined_is_split_again(parts: list[tuple[str, bytes]]) -> None:
    """The parts in their order, with their own keys."""
    assert split(join([SubRecord(*part) for part in parts])) == parts


def test_awss_own_library_reads_what_is_joined() -> None:
    """A second opinion: aws-kinesis-agg."""
    record = raw(join([SubRecord("a", b"1" * 300), SubRecord("b", b"2")]), 0)
    found = deaggregate_records([record])
    assert [each["kinesis"]["partitionKey"] for each in found] == ["a", "b"]
