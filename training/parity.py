"""The gate before anything is published: the graph must say what the fitted pipeline says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from contract.graph import CONTRIBUTIONS, MARGIN, OUTPUTS, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.candidates import MODEL, thresholds, to_frame
from training.errors import ParityError
from training.evaluate import churn_probability
from training.export import Exported
from training.probes import edge_probes, fuzz_probes
from training.reasons import average_parts, parts

MAX_PROBABILITY_DIFF = 1e-6
MAX_MARGIN_DIFF = 1e-5
FUZZ_ROWS = 20_000
ROWS_PER_RUN = 20_000  # bounds memory on large tables
ERRORS_ONLY = 3  # onnxruntime log severity

Outputs = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Parity:
    """The largest probability difference found, over how many rows."""

    max_abs_diff: float
    rows: int


def check_parity(
    exported: Exported, pipeline: Pipeline, inputs: Inputs, schema: FeatureSchema, seed: int
) -> Parity:
    """Compare graph and pipeline on all data rows, edge values, extremes, strangers and 20,000 fuzz rows.

    Guarantees of a graph that passes: probabilities within 1e-6 (so bands can differ only within that
    distance of their limit), contributions within 1e-5 of the pipeline's own, adding up to the margin,
    and reasons that are the strongest contributions in order. Else raises ParityError.
    """
    session = _load(exported.onnx)
    average = average_parts(pipeline, schema, to_frame(inputs))
    worst, rows = 0.0, 0
    for what, probe in _probes(pipeline, inputs, schema, seed):
        outputs = _run(session, probe, what)
        frame = to_frame(probe)
        difference = _largest(outputs[PROBABILITY][:, 0], churn_probability(pipeline, frame))
        _require(difference, MAX_PROBABILITY_DIFF, "probability", what)
        # A broken margin or reason is caught even where the probability is saturated.
        expected = parts(pipeline, schema, frame)
        margin = expected.sum(axis=1) + pipeline[MODEL].intercept_[0]
        _require(_largest(outputs[CONTRIBUTIONS], expected - average), MAX_MARGIN_DIFF, "contributions", what)
        _require(_largest(outputs[MARGIN][:, 0], margin), MAX_MARGIN_DIFF, "margin", what)
        _check_reasons(outputs, exported.base_margin, what)
        worst, rows = max(worst, difference), rows + len(frame)
    return Parity(worst, rows)


def _probes(
    pipeline: Pipeline, inputs: Inputs, schema: FeatureSchema, seed: int
) -> Iterator[tuple[str, Inputs]]:
    edges = thresholds(pipeline)
    for part in _slices(inputs):
        yield "the training rows", part
    for feature, probe in zip(schema.features, edge_probes(inputs, schema, edges, seed), strict=True):
        yield f"edge values of {feature.name}", probe
    for part in _slices(fuzz_probes(inputs, schema, edges, seed, FUZZ_ROWS)):
        yield "fuzz rows", part


def _slices(inputs: Inputs) -> Iterator[Inputs]:
    rows = len(next(iter(inputs.values())))
    for start in range(0, rows, ROWS_PER_RUN):
        yield {name: array[start : start + ROWS_PER_RUN] for name, array in inputs.items()}


def _load(onnx: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's errors have no common base but Exception
        raise ParityError(f"parity: onnxruntime cannot load the graph ({_first_line(error)})") from error


def _run(session: onnxruntime.InferenceSession, probe: Inputs, what: str) -> Outputs:
    try:
        return dict(zip(OUTPUTS, session.run(list(OUTPUTS), probe), strict=True))
    except Exception as error:
        raise ParityError(f"parity: the graph fails on {what} ({_first_line(error)})") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _largest(found: NDArray[np.float32], expected: NDArray[np.float64]) -> float:
    return float(np.max(np.abs(found.astype(np.float64) - expected)))


def _require(difference: float, allowed: float, output: str, what: str) -> None:
    # NaN is not <= anything, so it fails too.
    if not difference <= allowed:
        raise ParityError(
            f"parity: {output} of the graph is off by {difference:.1e} on {what}, at most {allowed:.0e} "
            "allowed; nothing was published. Try another candidate, and report this one"
        )


def _check_reasons(outputs: Outputs, base_margin: float, what: str) -> None:
    contributions = outputs[CONTRIBUTIONS].astype(np.float64)
    total = contributions.sum(axis=1) + base_margin
    _require(_largest(outputs[MARGIN][:, 0], total), MAX_MARGIN_DIFF, "sum of contributions", what)
    strongest = -np.sort(-np.abs(contributions), axis=1)[:, : outputs[REASON_FEATURE].shape[1]]
    named = np.take_along_axis(contributions, outputs[REASON_FEATURE].astype(np.int64), axis=1)
    _require(_largest(outputs[REASON_CONTRIBUTION], named), 0.0, "reason_contribution", what)
    _require(_largest(np.abs(outputs[REASON_CONTRIBUTION]), strongest), 0.0, "reason order", what)
