"""A version is all of its files or nothing, whenever S3 refuses; and it never gains or changes one."""

from __future__ import annotations

import pytest

from tests.training.registry.duels import candidate, draw
from tests.training.registry.fake_s3 import FakeS3, error
from training.errors import RegistryError, VersionExists
from training.registry.registry import Registry
from training.result import TrainedModel

FILES = {"report.html": b"<html>", "rows.bin": b"12345678", "figures/roc.png": b"\x89PNG"}
PREFIX = "models/duel/versions/v2/"
FIRST_PUT_TO_LAST = [f"{PREFIX}{name}" for name in ("model.onnx", *FILES, "manifest.json")]


@pytest.fixture(scope="module")
def model() -> TrainedModel:
    return candidate(draw(100, seed=0), {"signal": 1.0})


@pytest.fixture
def registry(s3: FakeS3) -> Registry:
    return Registry(s3, "bucket", "duel")


def test_the_manifest_is_put_last(s3: FakeS3, registry: Registry, model: TrainedModel) -> None:
    """Whoever sees a manifest finds everything else; each file says what it is."""
    put: list[str] = []
    s3.before_put = put.append
    registry.publish(model, FILES)
    assert put == FIRST_PUT_TO_LAST
    assert [s3.content_types[key] for key in put] == [
        "application/octet-stream",
        "text/html; charset=utf-8",
        "application/octet-stream",
        "image/png",
        "application/json",
    ]
    assert {name: registry.file("v2", name) for name in FILES} == FILES
    assert registry.file("v2", "notes.txt") is None


@pytest.mark.parametrize("refused", FIRST_PUT_TO_LAST)
@pytest.mark.parametrize("came_through", [False, True])
def test_a_refusal_at_any_put_publishes_nothing_and_a_retry_completes(
    s3: FakeS3, registry: Registry, model: TrainedModel, refused: str, came_through: bool
) -> None:
    """One line names the object; nobody sees half a version, even if S3 took the bytes but not the answer."""

    def refuse(key: str) -> None:
        if key == refused:
            if came_through and not key.endswith("manifest.json"):
                s3.objects[key] = {"model.onnx": model.onnx, **FILES}[key.removeprefix(PREFIX)]
            raise error("SlowDown", 503, "PutObject")

    s3.before_put = refuse
    with pytest.raises(RegistryError, match=rf"^s3://bucket/{refused}: cannot write \([^\n]*SlowDown[^\n]*$"):
        registry.publish(model, FILES)
    assert registry.versions() == []
    for ask in (registry.manifest, registry.model, lambda version: registry.file(version, "report.html")):
        with pytest.raises(RegistryError, match="model 'v2': no such version"):
            ask("v2")
    with pytest.raises(RegistryError, match="no such version"):
        registry.promote("v2", "ada", "eager")

    s3.before_put = lambda _key: None
    registry.publish(model, FILES)
    assert sorted(s3.objects) == sorted(FIRST_PUT_TO_LAST)
    assert registry.promote("v2", "ada", "at last").version == "v2"


@pytest.mark.parametrize("files", [{}, FILES])
def test_publishing_the_same_again_is_fine(
    s3: FakeS3, registry: Registry, model: TrainedModel, files: dict[str, bytes]
) -> None:
    """As after an answer that was lost; nothing is written twice."""
    registry.publish(model, files)
    before = dict(s3.objects)
    registry.publish(model, files)
    assert s3.objects == before


@pytest.mark.parametrize("changed", [{"report.html": b"other"}, {"notes.txt": b"more"}])
def test_a_complete_version_takes_no_other_file(
    s3: FakeS3, registry: Registry, model: TrainedModel, changed: dict[str, bytes]
) -> None:
    """Neither a new one nor a changed one; the line names it."""
    registry.publish(model, FILES)
    before = dict(s3.objects)
    (name,) = changed
    with pytest.raises(VersionExists, match=f"model v2: already published with another {name}; train again"):
        registry.publish(model, {**FILES, **changed})
    assert s3.objects == before


def test_the_names_of_model_and_manifest_are_taken(registry: Registry, model: TrainedModel) -> None:
    """They come from the model; a file of that name is a mistake in the program."""
    with pytest.raises(ValueError, match=r"model\.onnx"):
        registry.publish(model, {"model.onnx": b"mine"})
