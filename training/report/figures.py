"""All charts of a report, in the order of the page; also as PNG files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from training.evaluation.evaluation import Evaluation
from training.report.canvas import Chart, png
from training.report.contest import differences_chart, entries, scores_chart
from training.report.decisions import confusion_chart, cost_chart, trade_off_chart
from training.report.effect_charts import effect_charts, importance_chart
from training.report.effects import measure_effects
from training.report.probabilities import calibration_chart, distribution_chart
from training.report.ranking import gains_chart, precision_recall_chart, roc_chart
from training.result import TrainedModel

REFERENCE = "one_feature"  # the baseline that curves are drawn against


@dataclass(frozen=True, slots=True)
class Figures:
    """The charts of each section; `effects` is empty where the model gives no reasons."""

    contest: list[Chart]
    ranking: list[Chart]
    scores: list[Chart]
    decisions: list[Chart]
    importance: list[Chart]
    effects: list[Chart]
    exact: bool

    def __iter__(self) -> Iterator[Chart]:
        yield from (*self.contest, *self.ranking, *self.scores, *self.decisions)
        yield from (*self.importance, *self.effects)


def make_figures(trained: TrainedModel) -> Figures:
    """Measure everything that is drawn; drawing itself waits."""
    manifest, chosen = trained.manifest, trained.evaluation
    baseline, ranked = _reference(trained), entries(manifest)
    differences = differences_chart(ranked)
    effects = (
        measure_effects(trained.onnx, trained.schema, trained.table.inputs) if manifest.has_reasons else []
    )
    return Figures(
        contest=[scores_chart(ranked), *([differences] if differences else [])],
        ranking=[
            roc_chart(chosen, baseline),
            precision_recall_chart(chosen, baseline),
        ],
        scores=[
            calibration_chart(manifest.calibration, chosen.repeats),
            distribution_chart(chosen, manifest.threshold),
        ],
        decisions=[
            confusion_chart(chosen, manifest.threshold, trained.table.rows),
            trade_off_chart(chosen, manifest.threshold),
            cost_chart(chosen, trained.rule, manifest.threshold),
            gains_chart(chosen, baseline),
        ],
        importance=[importance_chart(effects)] if effects else [],
        effects=effect_charts(effects),
        exact=all(effect.exact for effect in effects),
    )


def write_figures(trained: TrainedModel, folder: Path) -> list[Path]:
    """Every chart of the report as `<name>.png` at 200 dpi on a light ground; the folder is made."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in make_figures(trained):
        path = folder / f"{chart.name}.png"
        path.write_bytes(png(chart))
        written.append(path)
    return written


def _reference(trained: TrainedModel) -> Evaluation | None:
    return next((each for each in trained.evaluations if each.name == REFERENCE), None)
