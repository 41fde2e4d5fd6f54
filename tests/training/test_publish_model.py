"""`churn train` publishes, decides, promotes: on the champion it looked at, or not at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from cli.errors import FAILED
from cli.known_errors import explain
from cli.stage import Stage
from cli.train import Promote, publish_model
from contract.champion import champion_key
from tests.training.fake_s3 import FakeS3
from tests.training.versions import model_of, publish
from training.errors import PromotionConflict
from training.registry.registry import Registry
from training.workflow import TrainedModel


@dataclass(frozen=True)
class StageOnFakeS3(Stage):
    """A deployed stage whose network ends at a fake."""

    s3: FakeS3

    def client(self, service: str) -> Any:
        return self.s3


@pytest.fixture
def stage(s3: FakeS3) -> Stage:
    return StageOnFakeS3(
        name="dev", stack="churn", stream="s", table="t", bucket="bucket", schema="shop", s3=s3
    )


def test_a_better_model_is_published_and_promoted(
    stage: Stage, registry: Registry, trained: TrainedModel
) -> None:
    """The first because there is none, the second because it is better, the third not: it is worse."""
    outcomes = [
        publish_model(stage, model_of(trained, version, roc_auc), Promote.AUTO)  # type: ignore[arg-type]
        for version, roc_auc in (("v1", 0.80), ("v2", 0.82), ("v3", 0.79))
    ]
    assert [promoted for promoted, _ in outcomes] == [True, True, False]
    assert [(each.version, each.champion) for each in registry.versions()] == [
        ("v3", False),
        ("v2", True),
        ("v1", False),
    ]


@pytest.mark.parametrize("there_was", ["v1", None])
def test_a_champion_made_while_comparing_stands(
    s3: FakeS3, stage: Stage, registry: Registry, trained: TrainedModel, there_was: str | None
) -> None:
    """The command ends with one line that says who made it; the new version stays published."""
    publish(registry, trained, "v1", "v3")
    if there_was:
        registry.promote(there_was, "ada", "first")

    def bob_promotes(key: str) -> None:
        # Just after publish_model has seen that there is no champion, or read the manifest of the one.
        if key.endswith(f"{there_was or 'v2'}/manifest.json"):
            s3.after_get = lambda _key: None
            registry.promote("v3", "bob", "much better")

    s3.after_get = bob_promotes
    with pytest.raises(PromotionConflict, match=r"^model v2: [^\n]*bob made v3 champion[^\n]*$") as raised:
        publish_model(stage, model_of(trained, "v2"), Promote.AUTO)  # type: ignore[arg-type]
    assert explain(raised.value) == (str(raised.value), FAILED)
    assert s3.objects[champion_key("shop")]
    assert {each.version: each.champion for each in registry.versions()} == {
        "v1": False,
        "v2": False,
        "v3": True,
    }
