"""The handler's own wiring, its own AWS client included, against a real bucket and a real table."""

from __future__ import annotations

import json
import uuid
from typing import Any

import botocore.session
import pytest

from contract.champion import manifest_key, model_key
from infra.local.client_settings import client_arguments, client_environment
from infra.local.stage import LocalStage
from scorer.backoff import Patience
from scorer.champion import CHECK_SECONDS, ChampionWatcher, ModelStore
from scorer.handler import Invocations, build
from scorer.objects import S3Objects
from scorer.read import ScoreReader, prediction_table
from scorer.rejected import RejectedStore
from scorer.settings import Settings
from tests.scorer.batches import GRAPH, NOW_MS, ROW, SHARD, batch_of, event
from tests.scorer.fakes import FakeS3
from tests.scorer.graphs import SCHEMA_DOCUMENT, probability_by_hand, tiny_graph, tiny_manifest
from tests.scorer.test_handler import Context

pytestmark = pytest.mark.emulator


class Deployment:
    """The handler built for a table and a schema of its own, in the stage's bucket."""

    def __init__(self, stage: LocalStage) -> None:
        self.schema = f"t{uuid.uuid4().hex[:12]}"
        self.items = prediction_table(f"t-{uuid.uuid4().hex}", **client_arguments(stage.endpoint_url))
        self.items.create_table(wait=True, billing_mode="PAY_PER_REQUEST")
        s3: Any = botocore.session.get_session().create_client("s3", **client_arguments(stage.endpoint_url))
        self.bucket = stage.bucket
        self.objects = S3Objects(s3, stage.bucket)
        self.settings = Settings(
            schema=self.schema,
            stage="local",
            table=self.items.Meta.table_name,
            bucket=stage.bucket,
            retention_days=30,
            service="churn-test",
        )

    def invocations(self) -> Invocations:
        return build(self.settings)

    def promote(self, graph: bytes, version: str) -> None:
        """The same three objects that the fake's promotion makes."""
        registry = FakeS3()
        registry.promote(graph, tiny_manifest(graph, version, schema=SCHEMA_DOCUMENT | {"$id": self.schema}))
        for key, body in registry.objects.items():
            self.objects.put(key, body, "application/octet-stream")


@pytest.fixture
def deployment(local_aws: LocalStage, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    for name, value in client_environment(local_aws.endpoint_url).items():
        monkeypatch.setenv(name, value)
    return Deployment(local_aws)


def test_a_batch_ends_in_the_table_and_the_bucket(
    deployment: Deployment, capsys: pytest.CaptureFixture[str]
) -> None:
    """300 customers, a duplicate, a late event and a broken one: read back, all is where it belongs."""
    deployment.promote(GRAPH, "v1")
    payloads: list[bytes | str] = [event(f"c{n}", tenure=n % 100) for n in range(300)]
    late = event("c0", tenure=99, time_ms=NOW_MS - 1, event_id="late")
    answer = deployment.invocations().handle(
        {"Records": batch_of(*payloads, late, b"{", payloads[1])}, Context()
    )
    assert answer == {"batchItemFailures": []}
    line = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (line["EventsWritten"], line["EventsCollapsed"], line["EventsRejected"]) == ([300.0], [2.0], [1.0])
    reader = ScoreReader(deployment.items)
    for number in (0, 1, 150, 299):
        found = reader.latest(f"c{number}")
        assert found is not None
        expected = probability_by_hand(ROW | {"tenure": number % 100})
        assert found.probability == pytest.approx(expected, abs=1e-6)
    store = RejectedStore(deployment.objects, deployment.schema)
    [key] = deployment.objects.keys(f"rejected/{deployment.schema}/")
    assert f"/{SHARD}/" in key
    assert [found.data for found in store.load(key)] == [b"{"]
    store.mark_replayed(key)
    assert list(deployment.objects.keys(f"rejected/{deployment.schema}/")) == []
    assert [found.data for found in store.load(f"replayed/{key}")] == [b"{"]


def test_the_champion_is_followed_by_conditional_reads(deployment: Deployment) -> None:
    """A real 304 leaves the model alone, a new pointer swaps it, a corrupt graph does not."""
    now = [0.0]
    deployment.promote(GRAPH, "v1")
    patience = Patience(monotonic=lambda: now[0])
    watcher = ChampionWatcher(ModelStore(deployment.objects, deployment.schema), patience=patience)
    first = watcher.current()
    now[0] += CHECK_SECONDS
    assert watcher.current() is first
    assert watcher.take_news() == (("v1",), ())
    deployment.promote(tiny_graph(base=1.0), "v2")
    now[0] += CHECK_SECONDS
    assert watcher.current().version == "v2"
    deployment.promote(tiny_graph(base=2.0), "v3")
    deployment.objects.put(model_key(deployment.schema, "v3"), b"corrupt", "application/octet-stream")
    now[0] += CHECK_SECONDS
    assert watcher.current().version == "v2"
    assert "sha256" in watcher.take_news().failures[0]
    assert list(deployment.objects.keys(manifest_key(deployment.schema, "v3"))) != []
