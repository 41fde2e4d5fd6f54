"""Whether a new version should serve."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from contract.errors import ManifestError
from contract.manifest import Manifest
from training.data.quality import LEAK, Finding
from training.evaluation.paired import SEPARABLE_T
from training.registry.compatibility import stricter_demands
from training.registry.duel import Duel, NotComparable, Outcome

Policy = Literal["auto", "always", "never"]
SMALLEST_SHARE_OF_ROWS = 0.5  # of the champion's


class Decision(NamedTuple):
    """Whether to promote, and the reason in words, for the champion pointer and the person."""

    promote: bool
    reason: str


def decide_promotion(
    policy: Policy,
    candidate: Manifest,
    champion: Manifest | None,
    findings: Sequence[Finding] = (),
    duel: Outcome | None = None,
) -> Decision:
    """Judge a candidate against the champion, which may not exist, and by what was found in its table.

    `auto` never promotes a model whose table gives the label away (a leak: its figures mean nothing). Else it
    promotes the first version, and after that one that

    - takes every event that the champion takes (training/registry/compatibility.py),
    - was trained on at least half as many rows,
    - has the separably higher ROC AUC on the same rows (`duel`; Nadeau-Bengio t > 2).

    Anything else stays a candidate: changing models for noise costs trust, and each change could lose a bit.
    """
    if policy != "auto":
        return Decision(policy == "always", f"policy {policy}")
    if objection := objection_to(candidate, champion, findings):
        return _keep(objection)
    if champion is None:
        return Decision(True, "first version")
    if duel is None or isinstance(duel, NotComparable):
        return _keep(duel.why if duel else f"not compared with {champion.version}")
    figures = in_words(duel, champion.version)
    if duel.paired.t > SEPARABLE_T:
        return Decision(True, f"better: {figures}")
    return _keep(f"{'worse' if duel.paired.t < -SEPARABLE_T else 'not separably better'}: {figures}")


def objection_to(candidate: Manifest, champion: Manifest | None, findings: Sequence[Finding]) -> str:
    """What keeps `auto` from promoting, however good the figures; empty where nothing does."""
    leaks = [finding.column for finding in findings if finding.check == LEAK]
    if leaks:
        return f"{', '.join(leaks)} alone tells the label"
    if champion is None:
        return ""
    return _incompatible(candidate, champion) or _too_few_rows(candidate, champion)


def in_words(duel: Duel, champion: str) -> str:
    """The figures that decide, on which rows."""
    return (
        f"ROC AUC {duel.candidate_roc_auc:.4f} against {duel.champion_roc_auc:.4f} of {champion}, "
        f"t = {duel.paired.t:.1f} ({duel.how})"
    )


def _keep(reason: str) -> Decision:
    return Decision(False, f"{reason}; promote it by hand if you still want it")


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
