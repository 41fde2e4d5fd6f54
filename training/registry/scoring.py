"""A stored graph's probabilities of a whole table."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contract.graph import PROBABILITY
from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.export.graph import Graph

ROWS_PER_RUN = 10_000  # bounds the memory of one run


def score_table(
    onnx: bytes, schema: FeatureSchema, inputs: Inputs, *, has_reasons: bool
) -> NDArray[np.float64]:
    """The probability of every row, shape (n,); `inputs` may hold more columns. Raises GraphError."""
    graph = Graph(onnx, schema, has_reasons)
    rows = len(inputs[schema.feature_names[0]])
    parts = [
        graph.run({name: inputs[name][start : start + ROWS_PER_RUN] for name in schema.feature_names})
        for start in range(0, rows, ROWS_PER_RUN)
    ]
    return np.concatenate([part[PROBABILITY][:, 0] for part in parts]).astype(np.float64)
