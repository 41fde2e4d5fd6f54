"""Versions never change, half a version does not exist, and of two promotions one wins."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import msgspec
import pytest

from contract.champion import champion_key, manifest_key, model_key
from contract.manifest import Manifest, Spread
from tests.training.fake_s3 import FakeS3, error
from training.errors import PromotionConflict, RegistryError, VersionExists
from training.promotion import decide_promotion
from training.registry import Registry
from training.train import TrainedModel


@dataclass(frozen=True)
class Model:
    """A graph and a manifest that fit together."""

    onnx: bytes
    manifest: Manifest


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def registry(s3: FakeS3) -> Registry:
    return _registry(s3)


def _registry(s3: Any, schema_name: str = "shop") -> Registry:
    return Registry(s3, "bucket", schema_name)


def _model(trained: TrainedModel, version: str, roc_auc: float = 0.8) -> Model:
    onnx = version.encode()
    changes = {
        "version": version,
        "created_at": f"2026-11-20T10:00:00.{int(version[1:]):03d}Z",
        "onnx_sha256": hashlib.sha256(onnx).hexdigest(),
        "metrics": {"roc_auc": Spread(mean=roc_auc, std=0.01)},
    }
    return Model(onnx, msgspec.structs.replace(trained.manifest, **changes))


def _publish(registry: Registry, trained: TrainedModel, *versions: str) -> None:
    for version in versions:
        registry.publish(_model(trained, version))


def test_a_real_training_goes_in_and_comes_out_unchanged(registry: Registry, trained: TrainedModel) -> None:
    """What is read back is what was published."""
    registry.publish(trained)
    assert registry.manifest(trained.manifest.version) == trained.manifest
    assert registry.model(trained.manifest.version) == trained.onnx


def test_versions_are_listed_newest_first_over_many_pages(registry: Registry, trained: TrainedModel) -> None:
    """More keys than a page holds; the champion is marked."""
    _publish(registry, trained, "v3", "v1", "v4", "v2")
    registry.promote("v2", "ada", "test")
    listed = registry.versions()
    assert [summary.version for summary in listed] == ["v4", "v3", "v2", "v1"]
    assert [summary.version for summary in listed if summary.champion] == ["v2"]
    assert (listed[0].chosen, listed[0].roc_auc) == ("logistic_bins", 0.8)


def test_a_version_without_a_manifest_does_not_exist(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """When S3 refuses half-way, nothing is listed or can be promoted; publishing again completes it."""

    def refuse_manifest(key: str) -> None:
        if key.endswith("manifest.json"):
            raise error("SlowDown", 503, "PutObject")

    s3.before_put = refuse_manifest
    with pytest.raises(RegistryError, match=r"cannot write .*SlowDown"):
        _publish(registry, trained, "v1")
    assert registry.versions() == []
    with pytest.raises(RegistryError, match=r"model 'v1': no such version of shop; known are none yet"):
        registry.promote("v1", "ada", "test")
    s3.before_put = lambda _key: None
    _publish(registry, trained, "v1")
    assert [summary.version for summary in registry.versions()] == ["v1"]


def test_a_version_cannot_be_replaced(registry: Registry, trained: TrainedModel) -> None:
    """The same bytes again are fine, as after a lost answer; others are refused."""
    _publish(registry, trained, "v1", "v1")
    other = Model(b"other", _model(trained, "v1").manifest)
    with pytest.raises(VersionExists, match="model v1: already published"):
        registry.publish(other)
    assert registry.model("v1") == b"v1"
    with pytest.raises(VersionExists):
        registry.publish(_model(trained, "v1", roc_auc=0.9))


def test_a_model_of_another_schema_is_not_taken(s3: FakeS3, trained: TrainedModel) -> None:
    """The bucket of one problem holds that problem's models."""
    with pytest.raises(RegistryError, match=r"trained for schema 'shop'.* serves 'telco'"):
        _registry(s3, "telco").publish(trained)
    assert s3.objects == {}


def test_promotion_and_rollback_keep_the_story(registry: Registry, trained: TrainedModel) -> None:
    """The pointer names version, predecessor, who and why; a second rollback undoes the first."""
    _publish(registry, trained, "v1", "v2")
    assert registry.champion() is None
    first = registry.promote("v1", "ada", "first")
    assert (first.version, first.previous) == ("v1", None)
    registry.promote("v2", "bob", "better")
    back = registry.rollback("eve", "complaints")
    assert (back.version, back.previous, back.promoted_by, back.reason) == ("v1", "v2", "eve", "complaints")
    assert registry.champion() is not None
    assert registry.rollback("eve", "no, it was fine").version == "v2"


def test_promoting_the_champion_again_changes_nothing(registry: Registry, trained: TrainedModel) -> None:
    """Its predecessor is not lost."""
    _publish(registry, trained, "v1", "v2")
    registry.promote("v1", "ada", "first")
    second = registry.promote("v2", "ada", "second")
    assert registry.promote("v2", "bob", "again") == second


def test_there_is_nothing_to_roll_back_to_at_first(registry: Registry, trained: TrainedModel) -> None:
    """One clear line, with or without a champion."""
    with pytest.raises(RegistryError, match="no predecessor"):
        registry.rollback("eve", "why not")
    _publish(registry, trained, "v1")
    registry.promote("v1", "ada", "first")
    with pytest.raises(RegistryError, match="no predecessor"):
        registry.rollback("eve", "why not")


def test_an_unknown_version_names_the_known_ones(registry: Registry, trained: TrainedModel) -> None:
    """A typing error is easily mended."""
    _publish(registry, trained, "v1", "v2")
    with pytest.raises(RegistryError, match=r"model 'v7': no such version of shop; known are v2, v1"):
        registry.promote("v7", "ada", "typo")


@pytest.mark.parametrize(
    ("key", "body", "expected"),
    [
        (model_key("shop", "v1"), b"damaged", "it is damaged"),
        (model_key("shop", "v1"), None, "its graph is missing"),
        (manifest_key("shop", "v1"), b"{}", "manifest: not readable"),
    ],
)
def test_a_damaged_version_is_not_promoted(
    s3: FakeS3, registry: Registry, trained: TrainedModel, key: str, body: bytes | None, expected: str
) -> None:
    """A graph that is gone or altered, or a broken manifest, never becomes champion."""
    _publish(registry, trained, "v1")
    if body is None:
        del s3.objects[key]
    else:
        s3.objects[key] = body
    with pytest.raises(RegistryError, match=expected):
        registry.promote("v1", "ada", "test")
    assert champion_key("shop") not in s3.objects


@pytest.mark.parametrize("first_ever", [True, False])
def test_of_many_promotions_at_once_exactly_one_wins(
    s3: FakeS3, registry: Registry, trained: TrainedModel, first_ever: bool
) -> None:
    """Eight people read the same pointer, then write: one succeeds and the others are told who did."""
    versions = [f"v{number}" for number in range(1, 9)]
    _publish(registry, trained, "v0", *versions)
    if not first_ever:
        registry.promote("v0", "ada", "before")
    everybody_has_read = Barrier(len(versions))

    def wait(key: str) -> None:
        everybody_has_read.wait(timeout=10)

    s3.before_put = wait

    def promote(version: str) -> str | PromotionConflict:
        try:
            return registry.promote(version, f"user of {version}", "race").version
        except PromotionConflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(versions)) as pool:
        outcomes = list(pool.map(promote, versions))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    current = registry.champion()
    assert current is not None
    assert (current[0].version, current[0].previous) == (winner, None if first_ever else "v0")
    for outcome in outcomes:
        assert outcome == winner or f"user of {winner} made {winner} champion meanwhile" in str(outcome)


def test_a_promotion_whose_answer_was_lost_is_not_a_conflict(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """The client's own retry is refused by its first attempt; the pointer is ours all the same."""
    _publish(registry, trained, "v1")

    class LosesFirstAnswer(FakeS3):
        def put_object(self, **request: Any) -> Any:
            super().put_object(**request)
            return super().put_object(**request)

    lossy = LosesFirstAnswer()
    lossy.objects = s3.objects
    assert _registry(lossy).promote("v1", "ada", "test").version == "v1"


def test_a_bucket_that_is_not_there_says_so(trained: TrainedModel) -> None:
    """Before the stage is deployed there is one clear line."""

    class NoBucket(FakeS3):
        def get_object(self, **request: Any) -> Any:
            raise error("NoSuchBucket", 404, "GetObject")

    with pytest.raises(RegistryError, match="no such bucket; is the stage deployed"):
        _registry(NoBucket()).champion()


@pytest.mark.parametrize(
    ("policy", "roc_auc", "promoted"),
    [
        ("always", 0.1, True),
        ("never", 0.9, False),
        ("auto", 0.85, True),
        ("auto", 0.795, True),
        ("auto", 0.785, False),
    ],
)
def test_auto_promotes_what_is_not_clearly_worse(
    trained: TrainedModel, policy: str, roc_auc: float, promoted: bool
) -> None:
    """Within one standard deviation of the champion's ROC AUC (0.80 ± 0.01) counts as not worse."""
    candidate, champion = _model(trained, "v2", roc_auc).manifest, _model(trained, "v1").manifest
    decision = decide_promotion(policy, candidate, champion)  # type: ignore[arg-type]
    assert decision.promote is promoted
    assert decision.reason


def test_the_first_version_is_promoted(trained: TrainedModel) -> None:
    """`auto` with no champion promotes; `never` does not."""
    assert decide_promotion("auto", trained.manifest, None).promote
    assert not decide_promotion("never", trained.manifest, None).promote
