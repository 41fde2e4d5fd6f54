"""Whether a new version should serve."""

from __future__ import annotations

from typing import Literal, NamedTuple

from contract.manifest import Manifest

Policy = Literal["auto", "always", "never"]


class Decision(NamedTuple):
    """Whether to promote, and the reason in words, for the champion pointer and the person."""

    promote: bool
    reason: str


def decide_promotion(policy: Policy, candidate: Manifest, champion: Manifest | None) -> Decision:
    """Judge a candidate against the champion, which may not exist.

    `auto` promotes the first version, and after that one whose mean ROC AUC is not more than one standard
    deviation below the champion's. The two were measured on different rows, so less would be noise.
    """
    if policy != "auto":
        return Decision(policy == "always", f"policy {policy}")
    if champion is None:
        return Decision(True, "first version")
    new, old = candidate.metrics["roc_auc"], champion.metrics["roc_auc"]
    figures = f"ROC AUC {new.mean:.4f} against {old.mean:.4f} ± {old.std:.4f} of {champion.version}"
    if new.mean >= old.mean - old.std:
        return Decision(True, f"not worse: {figures}")
    return Decision(False, f"worse: {figures}; promote it by hand if you still want it")
