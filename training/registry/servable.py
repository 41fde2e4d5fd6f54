"""What must hold before a version becomes champion: the scorer can open it, feed it and read its answer."""

from __future__ import annotations

from typing import Any

from contract.errors import ManifestError
from contract.event import parse_time
from contract.feature import Feature
from contract.inputs import Inputs, columns_of, to_inputs
from contract.manifest import Manifest
from contract.schema import FeatureSchema
from training.errors import GraphError, RegistryError
from training.export.graph import Graph

# A graph may be wrong for one row alone, or fixed to that size.
TRIAL_ROWS = (1, 2)


def check_servable(version: str, manifest: Manifest, onnx: bytes) -> None:
    """Hold a graph against its manifest, and run it once.

    Raises RegistryError with one line that names both sides where the scorer would refuse it.
    """
    try:
        schema = manifest.feature_schema()
        _check_manifest(manifest, schema)
        graph = Graph(onnx, schema, manifest.has_reasons)
        for rows in TRIAL_ROWS:
            graph.run(_trial(schema, rows))
    except (GraphError, ManifestError) as error:
        raise RegistryError(f"model {version}: {error}; promote another version") from error


def _check_manifest(manifest: Manifest, schema: FeatureSchema) -> None:
    try:
        parse_time(manifest.created_at)
    except ValueError as error:
        raise ManifestError(f"created_at is {manifest.created_at!r}, expected a time ({error})") from error
    strangers = sorted(set(manifest.categories) - {feature.name for feature in schema.categorical})
    if strangers:
        raise ManifestError(f"categories are given for {strangers}, no categorical features of its schema")


def _trial(schema: FeatureSchema, rows: int) -> Inputs:
    row = tuple(_likely_value(feature) for feature in schema.features)
    return to_inputs(columns_of([row] * rows, schema), schema)


def _likely_value(feature: Feature) -> Any:
    return feature.enum[0] if feature.is_categorical else min(max(feature.minimum, 0.0), feature.maximum)
