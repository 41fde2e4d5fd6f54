"""What a model says about itself survives storage, and is refused where it cannot be served."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from contract.champion import (
    Champion,
    champion_key,
    decode_champion,
    encode_champion,
    manifest_key,
    model_key,
)
from contract.errors import ManifestError
from contract.manifest import decode_manifest, encode_manifest

GOLDEN = Path(__file__).parent / "golden"
RAW = (GOLDEN / "manifest.json").read_bytes()


def test_the_manifest_format_is_pinned() -> None:
    """The golden manifest reads, and is written back byte for byte."""
    manifest = decode_manifest(RAW)
    assert encode_manifest(manifest) == RAW
    assert manifest.feature_schema().name == "music"


def test_a_manifest_from_before_recipes_still_reads() -> None:
    """Versions published by an earlier release serve and roll back; what they lack is empty."""
    manifest = decode_manifest((GOLDEN / "manifest_without_recipe.json").read_bytes())
    assert manifest.recipe is None
    assert manifest.has_reasons


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"\xff", RAW[:200], b"null"])
def test_a_broken_manifest_is_one_clear_error(raw: bytes) -> None:
    """Truncated, empty or foreign bytes are a ManifestError."""
    with pytest.raises(ManifestError, match="not readable"):
        decode_manifest(raw)


def test_a_manifest_from_the_future_is_refused() -> None:
    """A format this code does not know names both formats."""
    document = {**json.loads(RAW), "format_version": 2}
    with pytest.raises(ManifestError, match="format 2, this code reads 1"):
        decode_manifest(json.dumps(document).encode())


def test_a_manifest_without_reasons_is_refused() -> None:
    """A model that lacks an output the scorer reads is named as such."""
    document = {**json.loads(RAW), "outputs": ["probability"]}
    with pytest.raises(ManifestError, match="reason_feature"):
        decode_manifest(json.dumps(document).encode())


def test_a_manifest_whose_schema_is_unusable_is_refused() -> None:
    """The embedded schema is judged like any other, with the model's version in the message."""
    manifest = msgspec.structs.replace(decode_manifest(RAW), schema={"$id": "x"})
    with pytest.raises(ManifestError, match=f"model {manifest.version}"):
        manifest.feature_schema()


def test_the_champion_pointer_is_pinned() -> None:
    """The golden pointer reads and is written back byte for byte; broken bytes say what to do."""
    raw = (GOLDEN / "champion.json").read_bytes()
    assert encode_champion(decode_champion(raw)) == raw
    with pytest.raises(ManifestError, match="churn models promote"):
        decode_champion(b"{}")


def test_registry_keys_are_pinned() -> None:
    """The scorer and the registry meet at these S3 keys."""
    assert champion_key("telco") == "models/telco/champion.json"
    assert model_key("telco", "v1") == "models/telco/versions/v1/model.onnx"
    assert manifest_key("telco", "v1") == "models/telco/versions/v1/manifest.json"
    assert Champion(version="v", previous=None, promoted_by="a", promoted_at="t", reason="r").previous is None
