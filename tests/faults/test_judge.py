"""The judge itself: each way in which an event can be lost or a score be wrong is seen."""

from __future__ import annotations

import base64
import copy
import io
import json
from typing import Any

import pytest

from tests.faults.function_process import ANSWERED, Run
from tests.faults.journal import Entry, Journal
from tests.faults.judge import Verdict, changes, judge, judge_replay
from tests.faults.models import Registry
from tests.faults.traffic import Event, Publication, Traffic
from tests.faults.truth import Bucket, Evidence, Published, read_evidence, record_id

SHARD = "shardId-000000000000"
NOW_MS = 1_795_168_800_000


class FakeS3:
    """S3 as far as a registry and the reading of evidence use it."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803
        self.objects[Key] = Body

    def get_paginator(self, _: str) -> FakeS3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:  # noqa: N803
        found = {key: body for key, body in self.objects.items() if key.startswith(Prefix)}
        return [{"Contents": [{"Key": key, "ETag": str(hash(body))} for key, body in found.items()]}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        return {"Body": io.BytesIO(self.objects[Key])}


class Case:
    """Two customers' newest events, a late one and an invalid one, and all is as it should be."""

    def __init__(self) -> None:
        traffic = Traffic("judge", now_ms=NOW_MS)
        self.old = traffic.valid(customer="c", late_ms=60_000)
        self.new = traffic.valid(customer="c", late_ms=0)
        self.other = traffic.valid(customer="d", late_ms=0)
        self.bad = traffic.invalid("null")
        made = [self.new, self.old, self.other, self.bad]
        self.published = [
            Published(f"{SHARD}:{n}", Publication(event.data, "key", (event,)))
            for n, event in enumerate(made)
        ]
        self.registry = Registry(FakeS3(), "bucket", "tiny")
        self.version = self.registry.promote()
        self.items: dict[tuple[str, str], Any] = {}
        for event in (self.new, self.other):
            self.store(event)
        self.rejected = {f"{SHARD}:3": {f"{SHARD}:3": self.bad.data}}
        self.discarded: dict[str, bytes] = {}
        self.metrics = {"Received": 4, "Written": 2, "Collapsed": 1, "Rejected": 1, "Retried": 0}
        self.failed: list[str] = []

    def store(self, event: Event) -> None:
        assert event.row is not None
        [probability] = self.registry.probabilities(self.version, [event.row])
        self.items[event.customer, event.key] = {
            "probability": {"N": f"{probability:.6f}"},
            "model_version": {"S": self.version},
            "event_time": {"S": event.key[:24]},
            "scored_at": {"S": "now"},
        }

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.items, self.rejected, 1, [], self.discarded, len(self.discarded))

    def verdict(self) -> Verdict:
        line: dict[str, Any] = {"_aws": {}} | {
            f"Events{name}": [value] for name, value in self.metrics.items()
        }
        returned = {"batchItemFailures": [{"itemIdentifier": number} for number in self.failed]}
        run = Run([json.dumps(line)], ANSWERED, {"returned": returned})
        journal = Journal([Entry(tuple(p.event_id for p in self.published[:4]), run, counts=True)])
        return judge(self.published, self.evidence, journal, self.registry)


@pytest.fixture
def case() -> Case:
    return Case()


def test_what_is_right_is_clean(case: Case) -> None:
    """Two written, one collapsed, one rejected: nothing missing, nothing wrong."""
    verdict = case.verdict()
    assert verdict.is_clean, str(verdict)
    assert verdict.ends == {"written": 2, "collapsed": 1, "rejected": 1}


def test_an_item_that_is_not_there_is_missing(case: Case) -> None:
    """A customer without any item, and one whose newest item is not the newest event's."""
    del case.items["d", case.other.key]
    assert len(case.verdict().missing) == 1
    del case.items["c", case.new.key]
    case.store(case.old)
    verdict = case.verdict()
    assert len(verdict.missing) == 2
    assert any("latest" in line for line in verdict.wrong)


def test_a_rejected_record_without_its_bytes_is_missing(case: Case) -> None:
    """Kept with other bytes, or not at all."""
    case.rejected = {f"{SHARD}:3": {f"{SHARD}:3": b"nul"}}
    verdict = case.verdict()
    assert (len(verdict.missing), len(verdict.wrong)) == (1, 1)
    case.rejected = {}
    assert len(case.verdict().missing) == 1


def test_what_should_not_be_is_wrong(case: Case) -> None:
    """A valid event among the rejected, an item of no event, and a rejected record of another stream."""
    case.rejected[f"{SHARD}:0"] = {f"{SHARD}:0": case.new.data}
    case.items["stranger", "key"] = case.items["d", case.other.key]
    case.rejected["shardId-9:1"] = {"shardId-9:1": b""}
    assert len(case.verdict().wrong) >= 3


def test_a_score_that_is_off_by_more_than_a_millionth_is_wrong(case: Case) -> None:
    """And so is one of a version that cannot serve."""
    item = case.items["d", case.other.key]
    item["probability"]["N"] = f"{float(item['probability']['N']) + 2e-6:.6f}"
    assert len(case.verdict().wrong) == 1
    item["model_version"]["S"] = "v99"
    assert "cannot serve" in case.verdict().wrong[0]


@pytest.mark.parametrize("name", ["Received", "Written", "Rejected", "Retried"])
def test_metrics_that_do_not_add_up_are_wrong(case: Case, name: str) -> None:
    """One more than there was, of anything."""
    case.metrics[name] += 1
    assert len(case.verdict().wrong) == 1


def test_a_record_that_no_answer_settled_is_wrong(case: Case) -> None:
    """Reported for retry and never given again, whatever the table holds."""
    case.failed = ["2"]
    case.metrics = {"Received": 4, "Written": 1, "Collapsed": 1, "Rejected": 0, "Retried": 2}
    assert [line for line in case.verdict().wrong if "settled by no answer" in line]


def test_what_was_given_up_is_accounted_for_by_its_bytes(case: Case) -> None:
    """In the on-failure destination a record is at home, but not with other bytes."""
    del case.items["d", case.other.key]
    case.failed = ["2"]
    case.metrics = {"Received": 4, "Written": 1, "Collapsed": 1, "Rejected": 0, "Retried": 2}
    case.discarded = {f"{SHARD}:2": case.other.data, f"{SHARD}:3": case.bad.data}
    verdict = case.verdict()
    assert verdict.is_clean, str(verdict)
    assert verdict.ends["on failure"] == 1
    case.discarded[f"{SHARD}:2"] = b"other"
    assert len(case.verdict().wrong) == 1


def test_a_newer_event_does_not_hide_one_that_was_answered_and_never_written(case: Case) -> None:
    """A customer came again in a later batch; what the first one's answer promised is missed all the same."""
    again = Traffic("again", now_ms=NOW_MS + 1_000_000).valid(customer="d", late_ms=0)
    del case.items["d", case.other.key]
    case.store(again)
    case.published.append(Published(f"{SHARD}:9", Publication(again.data, "key", (again,))))
    lines = case.verdict().wrong
    assert [line for line in lines if "answered as written" in line]


def test_a_replay_that_changes_anything_lasting_is_seen(case: Case) -> None:
    """When it scored is no change; a score, a version and an item more or less are."""
    before, after = case.items, copy.deepcopy(case.items)

    def wrong() -> list[str]:
        return judge_replay(case.published, case.evidence, after, case.registry)

    after["d", case.other.key]["scored_at"]["S"] = "later"
    assert changes(before, after) == []
    after["d", case.other.key]["probability"]["N"] = "0.5"
    assert len(changes(before, after)) == 1
    assert len(wrong()) == 1
    del after["d", case.other.key]
    assert len(changes(before, after)) == 1
    assert any("latest was" in line for line in wrong())


def test_lines_of_parts_belong_to_their_record() -> None:
    """`shard:sequence:part` is of `shard:sequence`."""
    assert record_id(f"{SHARD}:123:4") == record_id(f"{SHARD}:123") == f"{SHARD}:123"


def test_evidence_is_read_as_it_lies() -> None:
    """Two objects may hold a rejected record twice; other bytes under one id are a contradiction."""

    def line(data: bytes) -> bytes:
        return json.dumps({"event_id": "s:1", "data": base64.b64encode(data).decode()}).encode() + b"\n"

    s3 = FakeS3()
    bucket = Bucket(s3, "bucket")
    s3.objects = {"rejected/tiny/a": line(b"x"), "rejected/tiny/b": line(b"x")}
    found = read_evidence(bucket, {}, schema="tiny", mapping_id="m")
    assert (found.rejected, found.conflicting) == ({"s:1": {"s:1": b"x"}}, [])
    s3.objects["rejected/tiny/b"] = line(b"y")
    found = read_evidence(bucket, {}, schema="tiny", mapping_id="m")
    assert (found.rejected_lines, found.conflicting) == (2, ["s:1"])
