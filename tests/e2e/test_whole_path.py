"""From published events to readable scores, through the deployed stack, for both built-in schemas."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, cast

import pytest

from infra.local.stage import LocalStage, local_stage
from loadtest.accounting import explains, identity, stored_events
from loadtest.smoke.customers import CUSTOMER_PREFIX
from loadtest.traffic import disturb, partition_key_of
from producer.publisher import Publisher
from producer.synthetic import events
from scorer.champion import ModelStore
from scorer.objects import S3Objects
from tests.e2e.paths import Path, serve
from tests.e2e.smoking import (
    IMPATIENCE_SECONDS,
    SOME_PATIENCE_SECONDS,
    OtherModel,
    run,
    stack_of,
    unread_stream,
    versions_that_ran,
    without_metrics,
    without_rejections,
)

pytestmark = pytest.mark.emulator

EVENTS, CUSTOMERS = 1_000, 200
# Six stored decimals, and at most 1e-6 between graph and pipeline.
TOLERANCE = 1e-6
PATIENCE_SECONDS = 40.0


@pytest.fixture(scope="module", params=["telco", "music"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stack of its own for each schema, beside the session's: two embedded AWS run at once."""
    request.getfixturevalue("local_aws")
    with local_stage(tmp_path_factory.mktemp(request.param), schema=request.param) as stage:
        yield serve(stage)


def publish(stage: LocalStage, client: Any, payloads: list[bytes]) -> None:
    with Publisher(client, stage.stream) as publisher:
        for payload in payloads:
            publisher.send(partition_key_of(payload), payload)


def test_every_event_ends_somewhere_and_every_score_is_right(served: Path) -> None:
    """Duplicates, broken bytes, late and disordered events: all accounted for, latest scores true.

    Each customer's latest score is that of its newest event and equals what scikit-learn gives for the same
    row; what was broken is kept byte for byte; the scorer's metrics add up; publishing everything again
    changes no score.
    """
    now_ms = time.time_ns() // 1_000_000
    made = [e.payload for e in events(served.schema.name, EVENTS, 5, customers=CUSTOMERS, now_ms=now_ms)]
    late, rest = made[:100], made[100:]
    disturbed, broken = disturb(rest, seed=5)
    traffic = [*disturbed, *late]
    deployment = served.deployment()
    before = deployment.totals()
    publish(served.stage, served.client("kinesis"), traffic)
    account = deployment.wait_until_settled(
        traffic, broken=broken, since=before, known_rejections=(), patience_seconds=PATIENCE_SECONDS
    )
    assert account.complete, account
    assert account.published == len(traffic)
    assert account.rejected == sum(payload in broken for payload in traffic)
    assert sorted(deployment.rejected_payloads()) == sorted(p for p in traffic if p in broken)

    assert_latest_scores_are_true(served, made)

    counted = deployment.counted_since(before)
    ends = counted["EventsWritten"] + counted["EventsCollapsed"] + counted["EventsRejected"]
    assert counted["EventsReceived"] == ends + counted["EventsRetried"]
    assert counted["EventsRejected"] == account.rejected
    assert explains(account, counted)

    publish(served.stage, served.client("kinesis"), made)
    again = deployment.wait_until_settled(
        [*traffic, *made], broken=broken, since=before, known_rejections=(), patience_seconds=PATIENCE_SECONDS
    )
    assert again.complete, again
    assert_latest_scores_are_true(served, made)


def assert_latest_scores_are_true(served: Path, made: list[bytes]) -> None:
    newest: dict[str, tuple[str, bytes]] = {}
    for payload in made:
        customer, key = identity(payload) or ("", "")
        newest[customer] = max(newest.get(customer, ("", b"")), (key, payload))
    scores = served.deployment().scores
    expected = served.probabilities(payload for _, payload in newest.values())
    for (customer, (key, _)), probability in zip(newest.items(), expected, strict=True):
        latest = scores.latest(customer)
        assert latest is not None
        assert latest.event_key == key
        assert latest.model_version == served.model.manifest.version
        assert latest.probability == pytest.approx(probability, abs=TOLERANCE)
        assert latest.band == served.model.manifest.bands.name_of(latest.probability)
        assert len(latest.reasons) == 3


def test_the_riskiest_customers_are_listed_first(served: Path) -> None:
    """`top` gives the customers with the highest latest scores, one each, highest first."""
    now_ms = time.time_ns() // 1_000_000
    made = [e.payload for e in events(served.schema.name, 400, 6, customers=100, now_ms=now_ms)]
    deployment = served.deployment()
    before = deployment.totals()
    publish(served.stage, served.client("kinesis"), made)
    account = deployment.wait_until_settled(
        made, broken=(), since=before, known_rejections=(), patience_seconds=PATIENCE_SECONDS
    )
    assert account.complete, account
    top = deployment.scores.top(20)
    assert len({prediction.customer_id for prediction in top}) == len(top) > 0
    assert [p.probability for p in top] == sorted((p.probability for p in top), reverse=True)
    customers = {name for payload in made for name in islice(identity(payload) or (), 1)}
    high = [s for name in customers if (s := deployment.scores.latest(name)) and s.band == "high"]
    floor = top[-1].probability
    listed = {prediction.customer_id for prediction in top}
    assert all(s.customer_id in listed for s in high if s.probability > floor)


def test_a_smoke_test_finds_a_living_stack_alive_and_leaves_nothing(served: Path) -> None:
    """Scores in time and as the model gives them, a rejection, all counted; then no trace of them."""
    before = served.deployment().rejected_events()
    with stack_of(served) as stack:
        report = run(stack)
    assert (report.failures, report.left) == ([], [])
    assert report.model_version == served.model.manifest.version
    assert len(report.put_to_readable_seconds) == 3
    assert (report.published, report.counted["EventsRejected"]) == (7, 1)
    stored = stored_events(served.client("dynamodb"), served.stage.table)
    assert not [customer for customer in stored if customer.startswith(CUSTOMER_PREFIX)]
    assert served.deployment().rejected_events() == before
    assert versions_that_ran(served) == {"[1]"}  # the event source invokes the alias, as AWS does


def test_a_smoke_test_says_what_is_wrong(served: Path) -> None:
    """One line for each: a stream that is not read, missing bytes or counts, a score that is another."""
    with stack_of(served) as stack:
        with unread_stream(served, stack) as unread:
            (line,) = run(unread, seconds=IMPATIENCE_SECONDS).failures
            assert re.match(r"customer smoke-\w+-0: no score within 0\.7 s: ", line)
        silent = without_rejections(served, without_metrics(stack))
        lost = run(silent, seconds=SOME_PATIENCE_SECONDS, metrics_seconds=IMPATIENCE_SECONDS)
        names = ["a broken event did not end in rejected/", *["metric Events"] * 3]
        assert [line.startswith(name) for line, name in zip(lost.failures, names, strict=True)] == [True] * 4
        other = run(replace(stack, models=cast(ModelStore, OtherModel(stack.models))))
        assert len(other.failures) == 3
        assert all(re.search(r"probability \d\.\d+, but model \S+ gives", line) for line in other.failures)
        missing = replace(
            stack, models=ModelStore(S3Objects(served.client("s3"), served.stage.bucket), "none")
        )
        assert run(missing).failures == ["no model serves yet: run `churn train` for this stage first"]
