"""The champion as a duel needs it: what it is, and which rows it has learned from."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contract.manifest import Manifest
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.data.describe import describe, row_fingerprints
from training.registry.registry import Registry
from training.registry.rows import ROWS_FILE, Fingerprints, decode_rows, seen

Mask: TypeAlias = NDArray[np.bool_]


class Incumbent(NamedTuple):
    """A version with its graph. `rows` is None where it was published without them."""

    manifest: Manifest
    onnx: bytes
    rows: Fingerprints | None

    def trained_on(self, table: Table, schema: FeatureSchema) -> Mask | None:
        """Which rows of a table it was fitted on; None where that is not known. `schema` is its own."""
        if self.rows is not None:
            return seen(row_fingerprints(table, schema), self.rows)
        if describe(table, schema).sha256 == self.manifest.training_data.sha256:
            return np.ones(table.rows, dtype=np.bool_)
        return None


def load_incumbent(registry: Registry, version: str) -> Incumbent:
    """A version with its graph and the rows it knows. Raises RegistryError."""
    raw = registry.file(version, ROWS_FILE)
    rows = None if raw is None else decode_rows(raw, version)
    return Incumbent(registry.manifest(version), registry.model(version), rows)
