"""An exported graph as the scorer opens it, held against the contract before anybody relies on it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from contract.graph import CONTRIBUTIONS, MARGIN, OUTPUTS, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from contract.inputs import Inputs
from contract.schema import FeatureSchema
from training.errors import GraphError

REASONS = 3
ERRORS_ONLY = 3  # onnxruntime's log severity
NUMBERS, TEXTS, POSITIONS = "tensor(float)", "tensor(string)", "tensor(int64)"
DIFFERENCES_NAMED = 3  # in messages

Outputs = dict[str, NDArray[Any]]


class Graph:
    """A graph with exactly the schema's inputs and the contract's outputs.

    Without reasons, the outputs that hold them must have width 0. Raises GraphError, naming both sides, where
    onnxruntime cannot load it or its inputs or outputs differ.
    """

    def __init__(self, onnx: bytes, schema: FeatureSchema, has_reasons: bool = True) -> None:
        self._session = _load(onnx)
        self._features = len(schema.features) if has_reasons else 0
        inputs = {f.name: TEXTS if f.is_categorical else NUMBERS for f in schema.features}
        outputs = {name: POSITIONS if name == REASON_FEATURE else NUMBERS for name in OUTPUTS}
        _require_same("inputs", self._session.get_inputs(), "schema", inputs)
        _require_same("outputs", self._session.get_outputs(), "contract", outputs)

    def run(self, inputs: Inputs) -> Outputs:
        """The outputs by name, in the contract's shapes; finite, and with reasons that are features.

        Raises GraphError where the graph does not run or gives anything else.
        """
        try:
            outputs = dict(zip(OUTPUTS, self._session.run(list(OUTPUTS), inputs), strict=True))
        except Exception as error:  # onnxruntime's errors have no common base but Exception
            raise GraphError(f"the graph does not run ({_first_line(error)})") from error
        self._check_shapes(outputs, rows=len(next(iter(inputs.values()))))
        for name, values in outputs.items():
            if not np.isfinite(values).all():
                raise GraphError(f"the graph's {name} holds {values[~np.isfinite(values)][0]}, not a number")
        positions = outputs[REASON_FEATURE]
        wrong = positions[(positions < 0) | (positions >= self._features)]
        if wrong.size:
            raise GraphError(
                f"the graph's {REASON_FEATURE} names position {wrong[0]}, expected 0 to {self._features - 1}"
            )
        return outputs

    def _check_shapes(self, outputs: Outputs, rows: int) -> None:
        reasons = min(REASONS, self._features)
        widths = {
            PROBABILITY: 1,
            MARGIN: 1,
            CONTRIBUTIONS: self._features,
            REASON_FEATURE: reasons,
            REASON_CONTRIBUTION: reasons,
        }
        for name, width in widths.items():
            if outputs[name].shape != (rows, width):
                raise GraphError(
                    f"the graph's {name} has shape {outputs[name].shape}, expected {(rows, width)}"
                )


def _load(onnx: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # as in Graph.run
        raise GraphError(f"onnxruntime cannot load the graph ({_first_line(error)})") from error


def _require_same(kind: str, entries: Any, other_side: str, expected: Mapping[str, str]) -> None:
    found = {entry.name: entry.type for entry in entries}
    wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))
    if wrong:
        told = "; ".join(
            f"{name}: graph {found.get(name, 'none')}, {other_side} {expected.get(name, 'none')}"
            for name in wrong[:DIFFERENCES_NAMED]
        )
        raise GraphError(f"the graph's {kind} differ from the {other_side}'s ({told})")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
