"""Versions in a registry, made from one real training."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from typing import Any

import msgspec

from contract.champion import manifest_key, model_key
from contract.manifest import Manifest, Spread, encode_manifest
from tests.training.registry.fake_s3 import FakeS3
from training.registry.registry import Publishable, Registry
from training.result import TrainedModel


@dataclass(frozen=True)
class Model:
    """A graph and a manifest that fit together."""

    onnx: bytes
    manifest: Manifest


def model_of(trained: TrainedModel, version: str, roc_auc: float = 0.8, **changes: Any) -> TrainedModel:
    """The trained model as version `v<number>`; later numbers are newer."""
    named = {
        "version": version,
        "created_at": f"2026-11-20T10:00:00.{int(version[1:]):03d}Z",
        "metrics": {"roc_auc": Spread(mean=roc_auc, std=0.01)},
    }
    manifest = msgspec.structs.replace(trained.manifest, **{**named, **changes})
    return dataclasses.replace(trained, manifest=manifest)


def with_graph(model: Publishable, onnx: bytes) -> Model:
    """Another graph, with the sha256 that goes with it."""
    sha256 = hashlib.sha256(onnx).hexdigest()
    return Model(onnx, msgspec.structs.replace(model.manifest, onnx_sha256=sha256))


def publish(registry: Registry, trained: TrainedModel, *versions: str) -> None:
    """Publish the trained model under each name."""
    for version in versions:
        registry.publish(model_of(trained, version))


def put_by_hand(s3: FakeS3, version: str, model: Publishable) -> None:
    """What somebody does who copies objects around, past the registry's own checks."""
    s3.objects[model_key("shop", version)] = model.onnx
    s3.objects[manifest_key("shop", version)] = encode_manifest(model.manifest)
