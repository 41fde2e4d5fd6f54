"""What an experiment tracker is told of a training: one run for all of it, one for each candidate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from contract.manifest import MANIFEST_FILE, Candidate, encode_manifest
from training.evaluation.evaluation import METRICS, Evaluation
from training.result import TrainedModel
from training.wording import printable

LONGEST_VALUE = 500  # characters of a param or tag: what every MLflow server takes
REPORT_FILE = "report.html"
OUT_OF_FOLD_FILE = "out_of_fold.csv"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: `metrics` are single figures, `series` one figure per outer fold, `onnx` a proved graph."""

    name: str
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    series: Mapping[str, Sequence[float]] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    onnx: bytes | None = None


def training_run(trained: TrainedModel, report: bytes | None) -> Run:
    """The training as a whole: the chosen candidate's figures, the manifest and the report."""
    manifest = trained.manifest
    chosen = _row(trained, manifest.chosen)
    metrics = _means(chosen) | {
        "threshold": manifest.threshold,
        "parity_rows": float(manifest.parity_rows),
        "score_micros": trained.score_micros,
        "seconds": trained.seconds,
    }
    return Run(
        name=manifest.version,
        tags={
            "churn.version": manifest.version,
            "churn.schema": trained.schema.name,
            "churn.chosen": manifest.chosen,
            "churn.onnx_sha256": manifest.onnx_sha256,
        },
        params=_common(trained) | {"candidate": manifest.chosen},
        metrics=metrics,
        files={MANIFEST_FILE: encode_manifest(manifest)} | ({REPORT_FILE: report} if report else {}),
    )


def candidate_runs(trained: TrainedModel) -> list[Run]:
    """Every candidate and baseline, in the order of the comparison.

    Out-of-fold probabilities go without customer ids or row numbers, sorted within their fold.
    """
    return [_candidate_run(trained, evaluation) for evaluation in trained.evaluations]


def _candidate_run(trained: TrainedModel, evaluation: Evaluation) -> Run:
    row = _row(trained, evaluation.name)
    tags = {
        "churn.title": row.title,
        "churn.chosen": _flag(row.name == trained.manifest.chosen),
        "churn.baseline": _flag(row.baseline),
        "churn.eligible": _flag(row.eligible),
    }
    if row.not_eligible_because:
        tags["churn.not_eligible_because"] = row.not_eligible_because
    settings = {f"settings.{name}": value for name, value in _flat(row.params)}
    folds = {f"{metric}_fold": evaluation.folds[metric] for metric in METRICS}
    onnx = trained.graphs.get(row.name)
    return Run(
        name=row.name,
        tags=_cut(tags),
        params=_common(trained) | _cut({"candidate": row.name, **settings}),
        metrics=_means(row) | ({"onnx_bytes": float(len(onnx))} if onnx else {}),
        series=folds | {"threshold_fold": evaluation.thresholds},
        files={OUT_OF_FOLD_FILE: _out_of_fold(evaluation)},
        onnx=onnx,
    )


def _row(trained: TrainedModel, name: str) -> Candidate:
    return next(each for each in trained.manifest.candidates if each.name == name)


def _common(trained: TrainedModel) -> dict[str, str]:
    """What all runs of a training share, so that two trainings can be held against each other."""
    manifest = trained.manifest
    return _cut(
        {
            "schema": trained.schema.name,
            "seed": str(manifest.seed),
            "validation": manifest.validation,
            "threshold_rule": manifest.threshold_rule,
            "data.source": manifest.training_data.source,
            "data.sha256": manifest.training_data.sha256,
            "data.rows": str(manifest.training_data.rows),
            "data.positives": str(manifest.training_data.positives),
        }
    )


def _means(row: Candidate) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for metric in (*METRICS, "ece"):
        spread = getattr(row, metric)
        if spread is not None:
            metrics |= {metric: spread.mean, f"{metric}_std": spread.std}
    single = {
        "difference_to_chosen": row.difference,
        "t_to_chosen": row.t,
        "parity_max_abs_diff": row.parity_max_abs_diff,
        "fit_seconds": row.fit_seconds,
    }
    return metrics | {name: value for name, value in single.items() if value is not None}


def _flat(params: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """`{"tree_params": {"depth": 3}}` as `tree_params.depth: 3`; what is not text, as JSON."""
    for name, value in params.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value if isinstance(value, str) else json.dumps(value)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _cut(values: Mapping[str, str]) -> dict[str, str]:
    return {name: printable(value, LONGEST_VALUE) for name, value in values.items()}


def _out_of_fold(evaluation: Evaluation) -> bytes:
    lines = ["fold,label,probability"]
    for fold, (labels, scored) in enumerate(zip(evaluation.labels, evaluation.probabilities, strict=True)):
        order = np.lexsort((labels, scored))
        lines += [f"{fold},{labels[i]},{scored[i]:.6f}" for i in order.tolist()]
    return ("\n".join(lines) + "\n").encode()
