"""How long a graph takes."""

from __future__ import annotations

import time

import numpy as np

from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.export.graph import Graph

BATCH_ROWS = 500  # what the stream's batches hold by default
RUNS = 20


def measure_score_micros(onnx: bytes, schema: FeatureSchema, inputs: Inputs, has_reasons: bool) -> float:
    """Microseconds per row in batches of 500, the median of 20 runs on one thread; for the report only."""
    graph = Graph(onnx, schema, has_reasons)
    rows = np.arange(BATCH_ROWS) % len(next(iter(inputs.values())))
    batch = {name: column[rows] for name, column in inputs.items()}
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        graph.run(batch)
        seconds.append(time.perf_counter() - started)
    return float(np.median(seconds)) / BATCH_ROWS * 1e6
