"""Versions never change, half a version does not exist, and one bad version does not hide the others."""

from __future__ import annotations

from typing import Any

import pytest

from contract.champion import champion_key, manifest_key
from tests.training.registry.fake_s3 import FakeS3, error
from tests.training.registry.versions import Model, model_of, publish, put_by_hand
from training.errors import RegistryError, VersionExists
from training.registry.registry import Registry
from training.result import TrainedModel


def test_a_real_training_goes_in_and_comes_out_unchanged(registry: Registry, trained: TrainedModel) -> None:
    """What is read back is what was published."""
    registry.publish(trained)
    assert registry.manifest(trained.manifest.version) == trained.manifest
    assert registry.model(trained.manifest.version) == trained.onnx


def test_versions_are_listed_newest_first_over_many_pages(registry: Registry, trained: TrainedModel) -> None:
    """More keys than a page holds; the champion is marked."""
    publish(registry, trained, "v3", "v1", "v4", "v2")
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
        publish(registry, trained, "v1")
    assert registry.versions() == []
    with pytest.raises(RegistryError, match=r"model 'v1': no such version of shop; known are none yet"):
        registry.promote("v1", "ada", "test")
    s3.before_put = lambda _key: None
    publish(registry, trained, "v1")
    assert [summary.version for summary in registry.versions()] == ["v1"]


def test_a_version_cannot_be_replaced(registry: Registry, trained: TrainedModel) -> None:
    """The same bytes again are fine, as after a lost answer; others are refused."""
    publish(registry, trained, "v1", "v1")
    other = Model(b"other", model_of(trained, "v1").manifest)
    with pytest.raises(VersionExists, match="model v1: already published"):
        registry.publish(other)
    assert registry.model("v1") == trained.onnx
    with pytest.raises(VersionExists):
        registry.publish(model_of(trained, "v1", roc_auc=0.9))


def test_a_model_of_another_schema_is_not_taken(s3: FakeS3, trained: TrainedModel) -> None:
    """The bucket of one problem holds that problem's models."""
    with pytest.raises(RegistryError, match=r"trained for schema 'shop'.* serves 'telco'"):
        Registry(s3, "bucket", "telco").publish(trained)
    assert s3.objects == {}


@pytest.mark.parametrize("champion", ["v1", "v2"])
def test_a_manifest_that_cannot_be_read_does_not_hide_the_others(
    s3: FakeS3, registry: Registry, trained: TrainedModel, champion: str
) -> None:
    """It is left out of the list, even where it serves, and asking for it by name says what is wrong."""
    publish(registry, trained, "v1", "v2", "v3")
    registry.promote(champion, "ada", "test")
    s3.objects[manifest_key("shop", "v2")] = b"{}"
    listed = {summary.version: summary.champion for summary in registry.versions()}
    assert listed == {"v3": False, "v1": champion == "v1"}
    with pytest.raises(RegistryError, match="model v2: manifest: not readable"):
        registry.manifest("v2")


def test_s3_refusing_a_manifest_is_not_taken_for_a_bad_one(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """A list that lacks versions because S3 was busy would be a lie."""
    publish(registry, trained, "v1")

    def busy(key: str) -> None:
        if key.endswith("manifest.json"):
            raise error("SlowDown", 503, "GetObject")

    s3.after_get = busy
    with pytest.raises(RegistryError, match=r"cannot read .*SlowDown"):
        registry.versions()


def test_a_version_without_a_roc_auc_is_listed_without_one(registry: Registry, trained: TrainedModel) -> None:
    """Others may measure other things."""
    registry.publish(model_of(trained, "v1", metrics={}))
    (listed,) = registry.versions()
    assert (listed.version, listed.roc_auc) == ("v1", None)


def test_a_copied_folder_is_listed_under_its_own_name(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """Two lines never claim to be one version, or both to serve."""
    publish(registry, trained, "v1")
    registry.promote("v1", "ada", "test")
    put_by_hand(s3, "copy", model_of(trained, "v1"))
    assert {each.version: each.champion for each in registry.versions()} == {"v1": True, "copy": False}


def test_the_list_survives_a_champion_pointer_that_cannot_be_read(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """No version is marked; the names are what one needs for repairing it."""
    publish(registry, trained, "v1")
    s3.objects[champion_key("shop")] = b"{}"
    assert [(each.version, each.champion) for each in registry.versions()] == [("v1", False)]


def test_a_bucket_that_is_not_there_says_so(trained: TrainedModel) -> None:
    """Before the stage is deployed there is one clear line."""

    class NoBucket(FakeS3):
        def get_object(self, **request: Any) -> Any:
            raise error("NoSuchBucket", 404, "GetObject")

    with pytest.raises(RegistryError, match="no such bucket; is the stage deployed"):
        Registry(NoBucket(), "bucket", "shop").champion()
