"""Training, on one page: compare, choose, fit, export, prove, describe. Nothing is published here."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from itertools import count
from typing import Any

import msgspec
import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from contract.event import format_time
from contract.manifest import Bands, Manifest
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.data.describe import baseline, describe
from training.data.quality import Finding, check_quality
from training.errors import CandidateError
from training.evaluation.evaluate import (
    FOLDS,
    REPEATS,
    Evaluation,
    Labels,
    best_f1_threshold,
    calibration,
    evaluate,
    make_folds,
)
from training.export.export import Exported, export
from training.export.parity import Parity, check_parity
from training.models.candidates import Encoding, build, learn_encoding, to_frame

HIGH_PERCENTILE = 90  # the tenth of customers most at risk
THRESHOLD_DECIMALS = 6  # as stored with a prediction, so that a reader can repeat the comparison
LIBRARIES = ("scikit-learn", "skl2onnx", "onnx", "onnxruntime", "numpy", "pandas")

OnProgress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model that passed the parity gate, and everything said about it. `seconds` is wall clock."""

    onnx: bytes
    manifest: Manifest
    findings: tuple[Finding, ...]
    seconds: float

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
            "bands": msgspec.to_builtins(manifest.bands),
            "parity_max_abs_diff": manifest.parity_max_abs_diff,
            "onnx_sha256": manifest.onnx_sha256,
            "onnx_bytes": manifest.onnx_bytes,
            "findings": [finding.message for finding in self.findings],
            "seconds": round(self.seconds, 2),
        }


def train(
    table: Table,
    schema: FeatureSchema,
    *,
    seed: int = 0,
    candidates: Sequence[str] = ("logistic", "logistic_bins"),
    on_progress: OnProgress | None = None,
) -> TrainedModel:
    """Train on a table and return the best candidate as a graph with its manifest.

    The same table, seed and library versions give the same graph, byte for byte. Raises ParityError where
    the graph does not reproduce the fitted pipeline, CandidateError for an unknown or empty choice.
    `on_progress(done, total, what)` is called after every fold, and once more at the end.
    """
    started = time.perf_counter()
    tell = on_progress or _tell_nobody
    # Sums in parallel depend on the number of cores, and these tables are too small to gain.
    with threadpool_limits(limits=1):
        encoding = learn_encoding(table.inputs, schema)
        findings = check_quality(table, schema)
        evaluations = _compare(candidates, encoding, table, seed, tell)
        chosen = choose(evaluations)
        frame = to_frame(table.inputs)
        fitted = build(chosen.name, encoding).fit(frame, table.labels)
        exported = export(fitted, schema, frame)
        parity = check_parity(exported, fitted, table.inputs, schema, seed)
    steps = _steps(candidates)
    tell(steps, steps, f"fitted and proved {chosen.name}")
    manifest = _describe_model(exported, parity, chosen, evaluations, encoding, table, seed)
    return TrainedModel(exported.onnx, manifest, tuple(findings), time.perf_counter() - started)


def _tell_nobody(done: int, total: int, what: str) -> None:
    pass


def _compare(
    names: Sequence[str], encoding: Encoding, table: Table, seed: int, tell: OnProgress
) -> list[Evaluation]:
    if not names:
        raise CandidateError("no candidate chosen; name at least one")
    factories = {name: partial(build, name, encoding) for name in names}
    for make in factories.values():
        make()  # an unknown name fails now, not after minutes of comparing
    frame, labels = to_frame(table.inputs), table.labels
    folds = make_folds(labels, seed)
    done = count(1)
    return [
        evaluate(
            name,
            make,
            frame,
            labels,
            folds,
            on_fold=lambda: tell(next(done), _steps(names), "comparing candidates"),
        )
        for name, make in factories.items()
    ]


def _steps(names: Sequence[str]) -> int:
    """Every fold of every candidate, and the final fit."""
    return len(set(names)) * FOLDS * REPEATS + 1


def choose(evaluations: Sequence[Evaluation]) -> Evaluation:
    """The highest mean ROC AUC; of equals the one listed first."""
    return max(evaluations, key=lambda evaluation: evaluation.spread("roc_auc").mean)


def make_bands(labels: Labels, probabilities: Any) -> Bands:
    """`medium` from the probability of best F1; `high` from the top tenth, but never below `medium`."""
    medium = best_f1_threshold(labels, probabilities)
    high = max(medium, float(np.percentile(probabilities, HIGH_PERCENTILE)))
    return Bands(medium=round(medium, THRESHOLD_DECIMALS), high=round(high, THRESHOLD_DECIMALS))


def _describe_model(
    exported: Exported,
    parity: Parity,
    chosen: Evaluation,
    evaluations: Sequence[Evaluation],
    encoding: Encoding,
    table: Table,
    seed: int,
) -> Manifest:
    sha256 = hashlib.sha256(exported.onnx).hexdigest()
    created_at = format_time(time.time_ns() // 1_000_000)
    bands = make_bands(*chosen.pooled())
    return Manifest(
        version=_version(created_at, sha256),
        created_at=created_at,
        schema=dict(encoding.schema.document),
        categories=encoding.categories,
        onnx_sha256=sha256,
        onnx_bytes=len(exported.onnx),
        base_margin=exported.base_margin,
        threshold=bands.medium,
        bands=bands,
        chosen=chosen.name,
        candidates=[evaluation.summary() for evaluation in evaluations],
        metrics={metric: chosen.spread(metric) for metric in chosen.folds},
        calibration=calibration(*chosen.pooled()),
        parity_max_abs_diff=parity.max_abs_diff,
        parity_rows=parity.rows,
        training_data=describe(table, encoding.schema),
        baseline=baseline(table, encoding.schema),
        libraries={"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        seed=seed,
    )


def _version(created_at: str, sha256: str) -> str:
    """Sorts by time, and names the graph: `20261120T100000123Z-1a2b3c4d`."""
    return created_at.replace("-", "").replace(":", "").replace(".", "") + "-" + sha256[:8]
