"""The manifest: what a model says about itself."""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import numpy as np

from contract.event import format_time
from contract.manifest import Bands, Candidate, Manifest
from training.data.dataset import Table
from training.data.describe import baseline, describe
from training.evaluation.calibration import calibration
from training.evaluation.comparison import Compared, Comparison
from training.evaluation.evaluate import Study
from training.evaluation.evaluation import METRICS, Evaluation
from training.evaluation.selection import against
from training.export.flips import Decisions
from training.export.proof import Proof
from training.models.one_thread import BLAS_KERNELS, blas_kernels

HIGH_PERCENTILE = 90  # the tenth of customers most at risk
LIBRARIES = ("scikit-learn", "scipy", "skl2onnx", "onnx", "onnxruntime", "numpy", "pandas")
BOOSTING = ("xgboost", "lightgbm")


def describe_model(
    comparison: Comparison,
    proofs: Mapping[str, Proof],
    eligible: Sequence[Compared],
    chosen: Compared,
    table: Table,
    study: Study,
) -> Manifest:
    """The manifest of the chosen candidate. Raises nothing; `chosen` must have been proved."""
    proof = proofs[chosen.kind.name]
    assert proof.exported is not None
    assert proof.parity is not None
    assert proof.threshold is not None
    schema, evaluation = study.encoding.schema, chosen.evaluation
    sha256 = hashlib.sha256(proof.exported.onnx).hexdigest()
    created_at = format_time(time.time_ns() // 1_000_000)
    names = {each.kind.name for each in eligible}
    return Manifest(
        version=_version(created_at, sha256),
        created_at=created_at,
        schema=dict(schema.document),
        categories=study.encoding.categories,
        onnx_sha256=sha256,
        onnx_bytes=len(proof.exported.onnx),
        base_margin=proof.exported.base_margin,
        threshold=proof.threshold,
        bands=make_bands(evaluation, proof.threshold, proof.parity.decisions),
        chosen=chosen.kind.name,
        candidates=[_row(each, proofs, chosen, study, names) for each in comparison.compared],
        metrics={metric: evaluation.spread(metric) for metric in METRICS} | {"ece": evaluation.ece},
        calibration=calibration(*evaluation.pooled()),
        parity_max_abs_diff=proof.parity.max_abs_diff,
        parity_rows=proof.parity.rows,
        parity_flips=proof.parity.flips,
        training_data=describe(table, schema),
        baseline=baseline(table, schema),
        libraries=_libraries(proof),
        seed=study.seed,
        recipe=proof.recipe,
        threshold_rule=study.rule.words,
        validation=study.splits.how,
        has_reasons=proof.exported.has_reasons,
    )


def make_bands(evaluation: Evaluation, threshold: float, decisions: Decisions) -> Bands:
    """`medium` from the operating threshold; `high` from the top tenth, but never below `medium`.

    Neither limit is where graph and pipeline would put a customer into different bands.
    """
    top_tenth = float(np.percentile(evaluation.pooled()[1], HIGH_PERCENTILE))
    return Bands(medium=threshold, high=max(threshold, decisions.settle(top_tenth)))


def _row(
    each: Compared, proofs: Mapping[str, Proof], chosen: Compared, study: Study, eligible: set[str]
) -> Candidate:
    """The row of the candidate table."""
    evaluation, proof = each.evaluation, proofs.get(each.kind.name)
    paired = None if each is chosen else against(evaluation, chosen.evaluation, study.splits)
    return Candidate(
        name=each.kind.name,
        title=each.kind.title,
        ece=evaluation.ece,
        params=dict(each.final.params),
        baseline=each.kind.baseline,
        eligible=each.kind.name in eligible,
        not_eligible_because=_objection(each, proof, eligible),
        difference=paired.difference if paired else None,
        t=float(np.clip(paired.t, -1e6, 1e6)) if paired else None,  # JSON knows no infinity
        parity_max_abs_diff=proof.parity.max_abs_diff if proof and proof.parity else None,
        fit_seconds=round(evaluation.fit_seconds, 4),
        **{metric: evaluation.spread(metric) for metric in METRICS},
    )


def _objection(each: Compared, proof: Proof | None, eligible: set[str]) -> str:
    if each.kind.name in eligible:
        return ""
    if each.kind.baseline:
        return "a baseline"
    if proof and proof.problem:
        return proof.problem
    return "gives no reasons with its scores; --no-reasons allows it"


def _libraries(proof: Proof) -> dict[str, str]:
    """Python, every library that shapes the graph, and the processor that its sums are made for."""
    used = {proof.recipe.candidate, proof.recipe.params.get("tree"), proof.recipe.params.get("linear")}
    names = [*LIBRARIES]
    for library in BOOSTING:
        if library in used:
            names += [_distribution(library), "onnxmltools"]
    found = {"python": platform.python_version(), **{name: version(name) for name in names}}
    kernels = blas_kernels()
    return found | {BLAS_KERNELS: kernels} if kernels else found


def _distribution(library: str) -> str:
    """XGBoost comes as `xgboost-cpu` on Linux (pyproject.toml)."""
    return "xgboost-cpu" if library == "xgboost" and platform.system() == "Linux" else library


def _version(created_at: str, sha256: str) -> str:
    """Sorts by time, and names the graph: `20261120T100000123Z-1a2b3c4d`."""
    return created_at.replace("-", "").replace(":", "").replace(".", "") + "-" + sha256[:8]
