"""The deployed wiring against services that hang: it reports in time what it could not do."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scorer.aws import signed_http
from scorer.errors import NoUsableModelError
from scorer.handler import Invocations, build
from scorer.settings import Settings
from tests.scorer.batches import GRAPH, batch_of, event, sequence
from tests.scorer.fake_dynamo import FakeDynamo
from tests.scorer.fakes import FakeS3
from tests.scorer.graphs import tiny_manifest
from tests.scorer.peer import Peer, Received, Step
from tests.scorer.services import REGION, VARIABLES
from tests.scorer.test_handler import Context

SETTINGS = Settings(
    schema="tiny", stage="local", table="t", bucket="bucket", retention_days=30, service="churn-tiny-local"
)
HANG: list[Step] = [60.0]


class Aws:
    """Both services behind one address. `hang` says which requests get no answer."""

    def __init__(self) -> None:
        self.s3 = FakeS3()
        self.s3.promote(GRAPH, tiny_manifest(GRAPH))
        self.dynamo = FakeDynamo("t")
        self.hang: Callable[[Received], bool] = lambda _: False

    def act(self, number: int, received: Received) -> list[Any]:
        if self.hang(received):
            return HANG
        fake = self.dynamo if "x-amz-target" in received.headers else self.s3
        return fake.over_http(number, received)


@pytest.fixture
def aws() -> Aws:
    return Aws()


@pytest.fixture
def invocations(aws: Aws) -> Iterator[Invocations]:
    with Peer(aws.act) as peer:
        yield build(SETTINGS, VARIABLES | {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": peer.url})


def invoke(invocations: Invocations, seconds: float, *payloads: bytes | str) -> tuple[Any, float]:
    """The answer, and the seconds that were left when it came."""
    begun = time.monotonic()
    answer = invocations.handle({"Records": batch_of(*payloads)}, Context(int(seconds * 1000)))
    return answer, seconds - (time.monotonic() - begun)


def is_write(received: Received) -> bool:
    return "x-amz-target" in received.headers


@pytest.mark.parametrize("seconds", [1.0, 3.0])
def test_a_table_that_hangs_is_reported_before_the_time_is_up(
    aws: Aws, invocations: Invocations, seconds: float, capsys: pytest.CaptureFixture[str]
) -> None:
    """However short the function's timeout: all comes again, and what was rejected before it is kept."""
    aws.hang = is_write
    answer, left = invoke(invocations, seconds, b"{", event("a"), event("b"))
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence(n)} for n in (1, 2)]}
    assert left > 0
    assert [key for key in aws.s3.objects if key.startswith("rejected/")] != []
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["EventsRejected"], line["EventsRetried"]) == ([1.0], [2.0])
    aws.hang = lambda _: False
    assert invoke(invocations, seconds, event("a"), event("b"))[0] == {"batchItemFailures": []}


def test_a_table_that_hangs_once_costs_no_event(
    aws: Aws, invocations: Invocations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request that got no answer is sent again within the invocation."""
    monkeypatch.setattr(signed_http, "READ_SECONDS", 0.3)
    writes = itertools.count()
    aws.hang = lambda received: is_write(received) and next(writes) == 0
    answer, left = invoke(invocations, 10.0, event("a"))
    assert answer == {"batchItemFailures": []}
    assert left > 0
    assert list(aws.dynamo.items) != []


def test_a_bucket_that_hangs_while_rejected_records_are_kept(aws: Aws, invocations: Invocations) -> None:
    """Their bytes are not lost: the whole batch comes again, and the answer is in time."""
    aws.hang = lambda received: received.method == "PUT"
    answer, left = invoke(invocations, 1.5, event("a"), b"{")
    assert answer == {"batchItemFailures": [{"itemIdentifier": sequence(0)}]}
    assert left > 0


def test_a_bucket_that_hangs_at_cold_start(aws: Aws, invocations: Invocations) -> None:
    """No model, no answer: the invocation fails by itself, before Lambda ends it without a word."""
    aws.hang = lambda received: received.method == "GET"
    begun = time.monotonic()
    with pytest.raises(NoUsableModelError, match="s3: "):
        invoke(invocations, 1.5, event("a"))
    assert time.monotonic() - begun < 1.5
