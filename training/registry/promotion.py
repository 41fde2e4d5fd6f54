"""Whether a new version should serve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from contract.errors import ManifestError
from contract.manifest import Manifest
from training.data.quality import LEAK, Finding
from training.evaluation.evaluate import FOLDS, REPEATS
from training.registry.compatibility import stricter_demands

Policy = Literal["auto", "always", "never"]
SMALLEST_SHARE_OF_ROWS = 0.5  # of the champion's


class Decision(NamedTuple):
    """Whether to promote, and the reason in words, for the champion pointer and the person."""

    promote: bool
    reason: str


def decide_promotion(
    policy: Policy, candidate: Manifest, champion: Manifest | None, findings: Sequence[Finding] = ()
) -> Decision:
    """Judge a candidate against the champion, which may not exist, and by what was found in its table.

    `auto` never promotes a model whose table gives the label away (a leak: its figures mean nothing). Else it
    promotes the first version, and after that one that

    - takes every event that the champion takes (training/registry/compatibility.py),
    - was trained on at least half as many rows,
    - has a mean ROC AUC no more than one standard error (std / √15, of 5×3 folds) below the champion's.

    The two were measured on different rows, so less would be noise; yet each promotion may give away that
    much, and nothing adds it up.
    """
    if policy != "auto":
        return Decision(policy == "always", f"policy {policy}")
    leaks = [finding.column for finding in findings if finding.check == LEAK]
    if leaks:
        return Decision(False, f"{', '.join(leaks)} alone tells the label; `--promote always` overrides")
    if champion is None:
        return Decision(True, "first version")
    objection = _incompatible(candidate, champion) or _too_few_rows(candidate, champion)
    decision = Decision(False, objection) if objection else _compare(candidate, champion)
    if decision.promote:
        return decision
    return Decision(False, f"{decision.reason}; promote it by hand if you still want it")


def _incompatible(candidate: Manifest, champion: Manifest) -> str:
    try:
        demands = stricter_demands(candidate.feature_schema(), champion.feature_schema())
    except ManifestError as error:
        return f"schemas cannot be compared ({error})"
    if not demands:
        return ""
    return f"would reject events that {champion.version} accepts ({', '.join(demands)})"


def _too_few_rows(candidate: Manifest, champion: Manifest) -> str:
    new, old = candidate.training_data.rows, champion.training_data.rows
    if new >= old * SMALLEST_SHARE_OF_ROWS:
        return ""
    return f"trained on {new:,} rows, less than half of the {old:,} of {champion.version}"


def _compare(candidate: Manifest, champion: Manifest) -> Decision:
    new, old = candidate.metrics.get("roc_auc"), champion.metrics.get("roc_auc")
    if new is None or old is None:
        unmeasured = candidate if new is None else champion
        return Decision(False, f"nothing to compare: {unmeasured.version} has no ROC AUC")
    error = old.std / math.sqrt(FOLDS * REPEATS)
    figures = f"ROC AUC {new.mean:.4f} against {old.mean:.4f} ± {error:.4f} of {champion.version}"
    if new.mean >= old.mean - error:
        return Decision(True, f"not worse: {figures}")
    return Decision(False, f"worse: {figures}")
