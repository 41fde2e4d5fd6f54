"""What `churn train` shows to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.output import note, show_facts, show_table

if TYPE_CHECKING:
    from contract.manifest import Candidate, Manifest, Spread
    from training.registry.release import Release
    from training.result import TrainedModel

FIGURES = ("roc_auc", "pr_auc", "f1", "brier", "ece", "precision_top_10")


def show_trained(trained: TrainedModel, release: Release) -> None:
    """The comparison and the chosen model."""
    manifest = trained.manifest
    for finding in trained.findings:
        note(f"data: {finding.message}")
    show_table(
        ["candidate", "ROC AUC", "t", "PR AUC", "F1", "Brier", "ECE", "top\n10%"],  # within 80 columns
        [_row(each, manifest) for each in by_merit(manifest)],
        title=f"{manifest.training_data.rows:,} customers, out of fold: {manifest.validation}",
    )
    for each in manifest.candidates:
        if not each.eligible and not each.baseline:
            note(f"{each.name}: not eligible, {each.not_eligible_because}")
    for part in trained.slices:
        if part.warning:
            note(f"slice: {part.warning}")
    show_facts(_facts(trained, release))


def by_merit(manifest: Manifest) -> list[Candidate]:
    """The chosen one first, then the others by ROC AUC, the baselines last."""
    return sorted(
        manifest.candidates,
        key=lambda each: (each.name != manifest.chosen, each.baseline, -each.roc_auc.mean),
    )


def _row(each: Candidate, manifest: Manifest) -> list[object]:
    spread = f"{each.roc_auc.mean:.4f} ±{each.roc_auc.std:.3f}".replace("±0", "±")
    t = "" if each.t is None or each.name == manifest.chosen else f"{each.t:+.1f}"
    rest: list[Spread | None] = [getattr(each, name) for name in FIGURES[1:]]
    t = t if len(t) <= len("-99.9") else t.partition(".")[0]  # of baselines on large tables
    return [each.name, spread, t, *("" if figure is None else f"{figure.mean:.3f}" for figure in rest)]


def _facts(trained: TrainedModel, release: Release) -> list[tuple[str, Any]]:
    manifest = trained.manifest
    bands, metrics = manifest.bands, manifest.metrics
    return [
        ("chosen", f"{manifest.chosen}: simplest not separably worse than the best (|t| ≤ 2)"),
        ("t", "ROC AUC against the chosen one, corrected for overlapping folds"),
        ("version", manifest.version),
        ("serves now", f"{'yes' if release.promoted else 'no'}: {release.reason}"),
        ("threshold", f"{manifest.threshold:.3f} ({manifest.threshold_rule})"),
        ("there", f"precision {metrics['precision'].mean:.3f}, recall {metrics['recall'].mean:.3f}"),
        ("bands", f"medium from {bands.medium:.3f}, high from {bands.high:.3f}"),
        (
            "ONNX graph",
            f"within {manifest.parity_max_abs_diff:.1e} of the pipeline on {manifest.parity_rows:,} rows, "
            f"{manifest.parity_flips} decisions differ",
        ),
        ("size, speed", f"{manifest.onnx_bytes:,} bytes, {trained.score_micros:.1f} µs per customer"),
        ("took", f"{trained.seconds:.1f} s"),
    ]
