"""What the lean clients send and read: success is read record by record, pages are followed."""

from __future__ import annotations

import json

import pytest

from contract.schema import load_schema
from loadtest.fresh_events import FreshEvents
from loadtest.json_service import CallError
from loadtest.stream_writer import StreamWriter
from loadtest.table_query import Stored, TableQuery
from loadtest.traffic import snapshots_of
from tests.loadtest.samples import FakeKinesis, FakeTable


@pytest.fixture
def events() -> FreshEvents:
    return FreshEvents(snapshots_of("synthetic", load_schema("telco"), 10, 1), prefix="r-")


def test_records_arrive_as_they_were_made(events: FreshEvents) -> None:
    """Payload and partition key survive the request."""
    kinesis = FakeKinesis()
    sent = events.take(10)
    assert StreamWriter(kinesis, "s").put(sent) == (sent, None)
    assert kinesis.records == [(json.loads(e.partition_key), e.payload) for e in sent]


def test_a_refused_record_fails_the_request_and_is_not_counted(events: FreshEvents) -> None:
    """The others of the same request are on the stream."""
    kinesis = FakeKinesis()
    sent = events.take(10)
    kinesis.refuses = {json.loads(sent[3].partition_key)}
    taken, refused = StreamWriter(kinesis, "s").put(sent)
    assert taken == sent[:3] + sent[4:]
    assert str(refused) == "1 of 10 records refused: ProvisionedThroughputExceededException"


def test_an_answer_for_fewer_records_is_an_error(events: FreshEvents) -> None:
    """Nobody can say which ones were taken."""
    kinesis = FakeKinesis()
    kinesis.short = True
    with pytest.raises(CallError, match="9 results for 10 records"):
        StreamWriter(kinesis, "s").put(events.take(10))


def test_the_latest_is_one_item_and_all_is_every_page() -> None:
    """Newest first and one for the latest; strongly consistent for the account."""
    table = FakeTable()
    table.items["ana"] = [f"2026#{number}" for number in range(5)]
    query = TableQuery(table, "t")
    assert query.latest_key("ana") == "2026#4"
    assert query.latest_key("ben") is None
    assert list(query.all_of("ana")) == [Stored(f"2026#{n}", f"scored 2026#{n}") for n in range(5)]
    assert table.requests[0]["Limit"] == 1
    assert [request.get("ConsistentRead", False) for request in table.requests] == [False, False, *[True] * 3]
