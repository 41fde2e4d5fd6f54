"""`churn train` publishes, decides, promotes and tells: on the champion it looked at, or not at all."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from botocore.exceptions import EndpointConnectionError

from cli.errors import FAILED
from cli.known_errors import explain
from cli.stage import Stage
from cli.train import Promote, publish_model
from contract.manifest import TrainingData
from tests.training.registry.duels import candidate, draw
from tests.training.registry.fake_s3 import FakeS3
from tests.training.registry.fake_sns import FakeSns
from training.errors import PromotionConflict
from training.registry.registry import Registry
from training.result import TrainedModel

PAGE = b"<html>"
GOOD, NOISY = {"signal": 2.0}, {"signal": 2.0, "left": 1.0, "right": 1.0}


@dataclass(frozen=True, kw_only=True)
class StageOnFakes(Stage):
    """A deployed stage whose network ends at fakes."""

    s3: FakeS3
    sns: FakeSns

    def client(self, service: str, **settings: Any) -> Any:
        return {"s3": self.s3, "sns": self.sns}[service]


@pytest.fixture
def sns() -> FakeSns:
    return FakeSns()


@pytest.fixture
def stage(s3: FakeS3, sns: FakeSns) -> Stage:
    return StageOnFakes(
        name="dev",
        stack="churn-duel-dev",
        stream="s",
        table="t",
        bucket="bucket",
        schema="duel",
        topic="arn:topic",
        s3=s3,
        sns=sns,
    )


@pytest.fixture
def registry(stage: Stage) -> Registry:
    return stage.registry()


def model(number: int, weights: dict[str, float]) -> TrainedModel:
    """Version `v<number>`, trained on rows of its own."""
    trained = candidate(draw(1000, seed=number), weights)
    data = TrainingData(rows=1000, positives=500, sha256=str(number), source="drawn")
    changes = {"version": f"v{number}", "training_data": data}
    changes["created_at"] = f"2026-11-20T10:00:00.00{number}Z"
    return dataclasses.replace(trained, manifest=msgspec.structs.replace(trained.manifest, **changes))


def test_a_better_model_is_published_and_promoted_and_people_hear_of_it(
    stage: Stage, registry: Registry, sns: FakeSns
) -> None:
    """The first because there is none, the second because it is better, the third not: it is worse."""
    models = [model(1, NOISY), model(2, GOOD), model(3, NOISY)]
    done = [publish_model(stage, each, Promote.AUTO, PAGE) for each in models]
    assert [each.promoted for each in done] == [True, True, False]
    assert [(each.version, each.champion) for each in registry.versions()] == [
        ("v3", False),
        ("v2", True),
        ("v1", False),
    ]
    assert sns.events == ["promoted", "promoted", "kept"]
    kept = sns.sent[-1]
    assert kept["Subject"] == "churn-duel-dev: model v3 kept as a candidate"
    assert f"Why: {done[-1].reason}" in kept["Message"]
    assert "v2 still does" in kept["Message"]
    assert "churn models promote v3 --stage dev --schema duel" in kept["Message"]
    assert registry.file("v3", "report.html") == PAGE


def test_what_was_asked_for_is_done_and_told_where_it_changes_something(
    stage: Stage, registry: Registry, sns: FakeSns
) -> None:
    """`never` keeps quietly, since whoever typed it knows; `always` is a promotion."""
    publish_model(stage, model(1, GOOD), Promote.NEVER, PAGE)
    assert (registry.serving(), sns.events) == (None, [])
    publish_model(stage, model(2, NOISY), Promote.ALWAYS, PAGE)
    assert (registry.serving(), sns.events) == ("v2", ["promoted"])


@pytest.mark.parametrize("there_was", ["v1", None])
def test_a_champion_made_while_comparing_stands(
    s3: FakeS3, stage: Stage, registry: Registry, sns: FakeSns, there_was: str | None
) -> None:
    """The command ends with one line that says who made it; the new version stays published."""
    publish_model(stage, model(1, NOISY), Promote.NEVER, PAGE)
    publish_model(stage, model(3, GOOD), Promote.NEVER, PAGE)
    if there_was:
        registry.promote(there_was, "ada", "first")

    def bob_promotes(key: str) -> None:
        # Just after it has been seen that there is no champion, or read what it is.
        if key.endswith(f"{there_was}/model.onnx" if there_was else "v2/manifest.json"):
            s3.after_get = lambda _key: None
            registry.promote("v3", "bob", "much better")

    s3.after_get = bob_promotes
    with pytest.raises(PromotionConflict, match=r"^model v2: [^\n]*bob made v3 champion[^\n]*$") as raised:
        publish_model(stage, model(2, GOOD), Promote.AUTO, PAGE)
    assert explain(raised.value) == (str(raised.value), FAILED)
    assert sns.events == []
    assert {each.version: each.champion for each in registry.versions()} == {
        "v1": False,
        "v2": False,
        "v3": True,
    }


@pytest.mark.parametrize("deployed_before_there_was_a_topic", [True, False])
def test_where_nobody_can_be_told_the_model_is_released_all_the_same(
    stage: Stage,
    registry: Registry,
    sns: FakeSns,
    capsys: pytest.CaptureFixture[str],
    deployed_before_there_was_a_topic: bool,
) -> None:
    """One line on stderr says so."""
    sns.refusal = EndpointConnectionError(endpoint_url="http://127.0.0.1:9")
    if deployed_before_there_was_a_topic:
        stage = dataclasses.replace(stage, topic=None)
    assert publish_model(stage, model(1, GOOD), Promote.AUTO, PAGE).promoted
    assert registry.serving() == "v1"
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("nobody was notified")
