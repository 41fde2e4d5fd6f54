"""From a trained model to a version in the registry, and perhaps to the champion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from training.data.describe import row_fingerprints
from training.registry.duel import Outcome, run_duel
from training.registry.incumbent import load_incumbent
from training.registry.promotion import Policy, decide_promotion, objection_to
from training.registry.registry import NO_FILES, Registry
from training.registry.rows import ROWS_FILE, encode_rows
from training.result import TrainedModel


@dataclass(frozen=True, slots=True)
class Release:
    """What became of a model. `duel` is None where nothing had to be, or could be, compared."""

    version: str
    promoted: bool
    reason: str
    duel: Outcome | None = None


def release(
    registry: Registry,
    trained: TrainedModel,
    policy: Policy,
    *,
    by: str,
    files: Mapping[str, bytes] = NO_FILES,
) -> Release:
    """Publish a model with `files` and the fingerprints of its rows; promote it where `policy` says so.

    `auto` decides by the champion it finds, and promotes over no other: raises PromotionConflict where the
    champion changed meanwhile. The version stays published then. Raises RegistryError where S3 refuses.
    """
    rows = encode_rows(row_fingerprints(trained.table, trained.schema))
    registry.publish(trained, {**files, ROWS_FILE: rows})
    version = trained.manifest.version
    if policy != "auto":
        decision = decide_promotion(policy, trained.manifest, None)
        if decision.promote:
            registry.promote(version, by, decision.reason)
        return Release(version, decision.promote, decision.reason)
    standing = registry.champion()
    serving = standing[0].version if standing else None
    champion = registry.manifest(serving) if serving else None
    hopeless = champion is None or objection_to(trained.manifest, champion, trained.findings)
    duel = None if hopeless or not serving else run_duel(trained, load_incumbent(registry, serving))
    decision = decide_promotion("auto", trained.manifest, champion, trained.findings, duel)
    if decision.promote:
        registry.promote(version, by, decision.reason, expected=standing)
    return Release(version, decision.promote, decision.reason, duel)
