"""The gate before anything is published: the graph must say what the fitted pipeline says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from contract.graph import CONTRIBUTIONS, MARGIN, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.errors import GraphError, ParityError
from training.evaluation.evaluate import churn_probability
from training.export.export import Exported
from training.export.graph import Graph, Outputs
from training.export.probes import BASE_ROWS, base_rows, edge_probes, fuzz_probes
from training.export.reasons import average_parts, parts
from training.models.candidates import MODEL, thresholds, to_frame

MAX_PROBABILITY_DIFF = 1e-6
MAX_MARGIN_DIFF = 1e-5
FUZZ_ROWS = 20_000
ROWS_PER_RUN = 20_000  # bounds memory on large tables
SINGLE_ROWS = 16  # run one at a time, as a quiet stream does


class Probe(NamedTuple):
    """Rows to compare on. `varied` is set where only that feature differs from the base rows."""

    what: str
    inputs: Inputs
    varied: int | None = None


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest probability difference found, over how many rows."""

    max_abs_diff: float
    rows: int


def check_parity(
    exported: Exported, pipeline: Pipeline, inputs: Inputs, schema: FeatureSchema, seed: int
) -> Parity:
    """Compare graph and pipeline on all data rows, edge values, extremes, strangers and 20,000 fuzz rows.

    Guarantees of a graph that passes, for a row alone as for one in a batch: outputs in the contract's
    shapes, probabilities within 1e-6 (so bands can differ only within that distance of their limit),
    contributions within 1e-5 of the pipeline's own, adding up to the margin, and reasons that are the
    strongest contributions in order. A contribution answers to its own feature only: where another one
    alone changes, it stays within 1e-5. Else raises ParityError.
    """
    graph = _open(exported.onnx, schema)
    base = _run(graph, Probe("the base rows", base_rows(inputs, schema, seed)))[CONTRIBUTIONS]
    average = average_parts(pipeline, schema, to_frame(inputs))
    worst, rows = 0.0, 0
    for probe in _probes(pipeline, inputs, schema, seed):
        outputs, frame = _run(graph, probe), to_frame(probe.inputs)
        difference = _largest(outputs[PROBABILITY][:, 0], churn_probability(pipeline, frame))
        _require(difference, MAX_PROBABILITY_DIFF, "probability", probe.what)
        # A broken margin or reason is caught even where the probability is saturated.
        expected = parts(pipeline, schema, frame)
        _check_margin(outputs, expected.sum(axis=1) + pipeline[MODEL].intercept_[0], probe.what)
        _check_contributions(outputs, expected - average, base, probe)
        _check_reasons(outputs, exported.base_margin, probe.what)
        worst, rows = max(worst, difference), rows + len(frame)
    return Parity(worst, rows)


def _probes(pipeline: Pipeline, inputs: Inputs, schema: FeatureSchema, seed: int) -> Iterator[Probe]:
    edges = thresholds(pipeline)
    for part in _slices(inputs, ROWS_PER_RUN):
        yield Probe("the training rows", part)
    for position, probe in enumerate(edge_probes(inputs, schema, edges, seed)):
        yield Probe(f"edge values of {schema.features[position].name}", probe, varied=position)
    fuzz = fuzz_probes(inputs, schema, edges, seed, FUZZ_ROWS)
    for part in _slices(fuzz, ROWS_PER_RUN):
        yield Probe("fuzz rows", part)
    first = {name: array[:SINGLE_ROWS] for name, array in fuzz.items()}
    for part in _slices(first, 1):
        yield Probe("a row alone", part)


def _slices(inputs: Inputs, size: int) -> Iterator[Inputs]:
    rows = len(next(iter(inputs.values())))
    for start in range(0, rows, size):
        yield {name: array[start : start + size] for name, array in inputs.items()}


def _open(onnx: bytes, schema: FeatureSchema) -> Graph:
    try:
        return Graph(onnx, schema)
    except GraphError as error:
        raise ParityError(f"parity: {error}; nothing was published. Report this candidate") from error


def _run(graph: Graph, probe: Probe) -> Outputs:
    try:
        return graph.run(probe.inputs)
    except GraphError as error:
        raise ParityError(f"parity: on {probe.what} {error}; nothing was published") from error


def _largest(found: NDArray[Any], expected: NDArray[Any]) -> float:
    return float(np.max(np.abs(found.astype(np.float64) - expected), initial=0.0))


def _require(difference: float, allowed: float, output: str, what: str) -> None:
    # NaN is not <= anything, so it fails too.
    if not difference <= allowed:
        raise ParityError(
            f"parity: the graph's {output} is off by {difference:.1e} on {what}, at most {allowed:.0e} "
            "allowed; nothing was published. Try another candidate, and report this one"
        )


def _check_margin(outputs: Outputs, expected: NDArray[np.float64], what: str) -> None:
    _require(_largest(outputs[MARGIN][:, 0], expected), MAX_MARGIN_DIFF, "margin", what)


def _check_contributions(
    outputs: Outputs, expected: NDArray[np.float64], base: NDArray[Any], probe: Probe
) -> None:
    found = outputs[CONTRIBUTIONS]
    _require(_largest(found, expected), MAX_MARGIN_DIFF, "contribution", probe.what)
    if probe.varied is None:
        return
    # `expected` and the graph share the code that says which encoded column is whose; this does not.
    unchanged = base[np.arange(len(found)) % BASE_ROWS]
    moved = _largest(np.delete(found, probe.varied, axis=1), np.delete(unchanged, probe.varied, axis=1))
    _require(moved, MAX_MARGIN_DIFF, "contribution of an unchanged feature", probe.what)


def _check_reasons(outputs: Outputs, base_margin: float, what: str) -> None:
    contributions = outputs[CONTRIBUTIONS].astype(np.float64)
    total = contributions.sum(axis=1) + base_margin
    _require(_largest(outputs[MARGIN][:, 0], total), MAX_MARGIN_DIFF, "sum of contributions", what)
    strongest = -np.sort(-np.abs(contributions), axis=1)[:, : outputs[REASON_FEATURE].shape[1]]
    named = np.take_along_axis(contributions, outputs[REASON_FEATURE].astype(np.int64), axis=1)
    _require(_largest(outputs[REASON_CONTRIBUTION], named), 0.0, "reason_contribution", what)
    _require(_largest(np.abs(outputs[REASON_CONTRIBUTION]), strongest), 0.0, "reason order", what)
