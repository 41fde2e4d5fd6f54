"""What training gives: the model, and everything learned on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from contract.manifest import Manifest
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.data.quality import Finding
from training.data.splits import Splits
from training.evaluation.evaluation import Evaluation
from training.evaluation.slices import Slice
from training.evaluation.thresholds import ThresholdRule
from training.models.encoding import Encoding


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model that passed the parity gate, and everything said about it.

    `pipeline` is the chosen candidate fitted on all rows, `onnx` its graph. `evaluations` holds every
    candidate and baseline, `graphs` the graph of every one that passed the gate. `seconds` is wall clock,
    `score_micros` what the graph takes per row in batches of 500, in microseconds.
    """

    onnx: bytes
    manifest: Manifest
    findings: tuple[Finding, ...]
    seconds: float
    table: Table
    schema: FeatureSchema
    encoding: Encoding
    splits: Splits
    rule: ThresholdRule
    evaluations: tuple[Evaluation, ...]
    pipeline: Any
    slices: tuple[Slice, ...]
    graphs: Mapping[str, bytes]
    score_micros: float

    @property
    def evaluation(self) -> Evaluation:
        """The chosen candidate's."""
        return next(each for each in self.evaluations if each.name == self.manifest.chosen)

    def summary(self) -> dict[str, Any]:
        """What `churn train --json` prints, but for `promoted`, which is the registry's to say."""
        manifest = self.manifest
        return {
            "version": manifest.version,
            "schema": manifest.schema["$id"],
            "rows": manifest.training_data.rows,
            "candidates": msgspec.to_builtins(manifest.candidates),
            "chosen": manifest.chosen,
            "metrics": msgspec.to_builtins(manifest.metrics) | {"ece": manifest.calibration.ece},
            "threshold": manifest.threshold,
            "threshold_rule": manifest.threshold_rule,
            "bands": msgspec.to_builtins(manifest.bands),
            "validation": manifest.validation,
            "parity_max_abs_diff": manifest.parity_max_abs_diff,
            "parity_rows": manifest.parity_rows,
            "parity_flips": manifest.parity_flips,
            "onnx_sha256": manifest.onnx_sha256,
            "onnx_bytes": manifest.onnx_bytes,
            "findings": [finding.message for finding in self.findings],
            "warnings": [each.warning for each in self.slices if each.warning],
            "seconds": round(self.seconds, 2),
        }
