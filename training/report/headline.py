"""What a reader should know before anything else: what the model is good for, and whether to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contract.manifest import Manifest, Spread
from training.data.quality import LEAK, Finding
from training.evaluation.slices import Slice
from training.report.contest import Entry
from training.report.ranking import SHARE_OF_NOTE, found_at
from training.report.words import percent
from training.result import TrainedModel
from training.wording import counted

State = Literal["good", "note", "warn"]
# Mean distance between score and truth (ECE) up to which a score reads as a probability, exactly or roughly.
WELL_CALIBRATED, ROUGHLY_CALIBRATED = 0.02, 0.05


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number worth knowing, with its spread over folds and what it means."""

    name: str
    value: str
    spread: str
    means: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One question about the model, answered."""

    state: State
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """One line with how serious it is."""

    state: State
    text: str


def good_for(trained: TrainedModel) -> str:
    """What the model does for a retention team, in one sentence."""
    rate = float(trained.table.labels.mean())
    found = found_at(trained.evaluation, SHARE_OF_NOTE)
    return (
        f"Contact the {percent(SHARE_OF_NOTE)} of customers it ranks highest, and "
        f"{percent(found * rate / SHARE_OF_NOTE)} of them would have left; picked at random it would be "
        f"{percent(rate)}."
    )


def key_figures(manifest: Manifest) -> list[KeyFigure]:
    """The metrics of the chosen model, out of fold."""
    chosen = next(each for each in manifest.candidates if each.name == manifest.chosen)
    shown: tuple[tuple[str, Spread | None, str], ...] = (
        ("ROC AUC", chosen.roc_auc, "a leaver scores higher than a stayer; 0.5 is chance"),
        ("PR AUC", chosen.pr_auc, "precision over all recalls"),
        ("F1", chosen.f1, "at the threshold"),
        ("Precision in the top 10%", chosen.precision_top_10, "really left among those ranked highest"),
        ("Brier score", chosen.brier, "squared error of the score; lower is better"),
        ("Calibration error", chosen.ece, "mean distance of score and truth; lower is better"),
    )
    return [
        KeyFigure(name, f"{spread.mean:.3f}", f"{spread.std:.3f}", means)
        for name, spread, means in shown
        if spread is not None
    ]


def verdicts(trained: TrainedModel, ranked: Sequence[Entry]) -> list[Verdict]:
    """Calibration, standing among the others, parity, data, slices."""
    return [
        _calibration(trained.manifest),
        _standing(ranked),
        *_above_baseline(ranked),
        _parity(trained.manifest),
        _data(trained.findings),
        _slices(trained.slices),
    ]


def remarks(findings: Sequence[Finding]) -> list[Remark]:
    """Findings as the page lists them, the grave ones first."""
    graded = [Remark("warn" if finding.strict else "note", finding.message) for finding in findings]
    return sorted(graded, key=lambda remark: remark.state != "warn")


def _calibration(manifest: Manifest) -> Verdict:
    ece = manifest.calibration.ece
    away = f"On average a score is {100 * ece:.1f} percentage points from the share that really left."
    if ece <= WELL_CALIBRATED:
        return Verdict("good", "Scores read as probabilities", away)
    if ece <= ROUGHLY_CALIBRATED:
        return Verdict("note", "Scores are rough probabilities", away)
    return Verdict("warn", "Scores only rank", f"{away} Use their order, not their size.")


def _standing(ranked: Sequence[Entry]) -> Verdict:
    rivals = [each for each in ranked if each.role in ("candidate", "not eligible")]
    if not rivals:
        return Verdict("note", "The only candidate", "No other model was compared with it.")
    better = [each for each in rivals if each.verdict == "better"]
    same = [each for each in rivals if each.verdict == "cannot be told apart"]
    if better:
        names = ", ".join(each.title for each in better)
        return Verdict("note", "Not the most accurate one", f"Separably better, but not chosen: {names}.")
    worse = len(rivals) - len(same)
    told = f"{counted(worse, 'other')} {'is' if worse == 1 else 'are'} separably worse."
    if same:
        more = f" and {worse} {'is' if worse == 1 else 'are'} worse" if worse else ""
        told = f"{counted(len(same), 'other')} cannot be told from it{more}; it is the simplest of the best."
    return Verdict("good", "No candidate is better", told)


def _above_baseline(ranked: Sequence[Entry]) -> list[Verdict]:
    baselines = [each for each in ranked if each.role == "baseline"]
    if not baselines:
        return []
    best = baselines[0]
    gain = f"{best.title}: ROC AUC {best.candidate.roc_auc.mean:.3f}; the model: {-best.difference:+.3f}."
    if best.verdict == "worse":
        return [Verdict("good", "Worth having", gain)]
    return [Verdict("warn", "No better than a simple rule", gain)]


def _parity(manifest: Manifest) -> Verdict:
    flips = manifest.parity_flips
    state: State = "good" if not flips else "warn"
    decisions = "" if flips is None else f" {counted(flips, 'decision')} at the threshold differ."
    return Verdict(
        state,
        "Serves what was measured",
        f"The ONNX graph gives the fitted model's scores within {manifest.parity_max_abs_diff:.0e} on "
        f"{manifest.parity_rows:,} rows.{decisions}",
    )


def _data(findings: Sequence[Finding]) -> Verdict:
    leaks = [finding for finding in findings if finding.check == LEAK]
    if leaks:
        names = ", ".join(finding.column for finding in leaks)
        return Verdict("warn", "The data may give the answer away", f"Look at {names} before trusting this.")
    if findings:
        return Verdict("note", f"{counted(len(findings), 'remark')} on the data", "See data quality below.")
    return Verdict("good", "Nothing odd in the data", "No duplicates, leaks, constants or strangers found.")


def _slices(slices: Sequence[Slice]) -> Verdict:
    warned = [each for each in slices if each.warning]
    if warned:
        names = ", ".join(dict.fromkeys(f"{each.column} {each.value}" for each in warned))
        return Verdict("warn", "Weaker for some customers", f"See {names} under slices.")
    return Verdict(
        "good", "Even across customers", f"None of {counted(len(slices), 'slice')} is much worse than all."
    )
