"""The numbers behind the charts, and the drawings themselves."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_curve, roc_curve

from contract.manifest import Candidate, Recipe, Spread
from tests.training.tables import SHOP
from training.evaluation.evaluation import Evaluation
from training.evaluation.thresholds import ThresholdRule
from training.report import decisions, ranking
from training.report.canvas import Chart, Pen, png, svg
from training.report.colours import DARK, LIGHT, Colours
from training.report.contest import entries
from training.report.effects import Effect, measure_effects
from training.report.figures import make_figures, write_figures
from training.report.probabilities import wilson
from training.result import TrainedModel
from training.workflow import rebuild

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def judged(labels: list[int], scored: list[float]) -> Evaluation:
    """Two folds that say the same."""
    evaluation = Evaluation("it", "It", repeats=1)
    evaluation.labels = [np.array(labels, dtype=np.int8)] * 2
    evaluation.probabilities = [np.array(scored)] * 2
    return evaluation


SCORED = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=2, max_size=60).filter(
    lambda rows: len({label for label, _ in rows}) == 2
)


@given(SCORED, st.floats(0, 1))
def test_the_four_outcomes_are_scikit_learns(rows: list[tuple[int, int]], threshold: float) -> None:
    """Found, missed, false alarms and left alone: shares of all that add up to one."""
    labels, scored = [label for label, _ in rows], [score / 20 for _, score in rows]
    found = decisions.confusion_at(judged(labels, scored), threshold)
    flagged = [score >= threshold for score in scored]
    (alone, alarm), (missed, hit) = confusion_matrix(labels, flagged, labels=[0, 1]) / len(rows)
    expected = [hit, missed, alarm, alone]
    assert [found.found, found.missed, found.false_alarm, found.left_alone] == pytest.approx(expected)


@given(SCORED)
def test_gains_rise_from_nobody_to_everybody_whatever_the_order_of_rows(rows: list[tuple[int, int]]) -> None:
    """Ties count by their share of the places."""
    labels, scored = np.array([r[0] for r in rows], np.int8), np.array([r[1] / 20 for r in rows])
    gains = ranking._gains(labels, scored)
    assert gains[0] == 0
    assert gains[-1] == pytest.approx(1)
    assert (np.diff(gains) >= -1e-12).all()
    assert ranking._gains(labels[::-1], scored[::-1]) == pytest.approx(gains)


def test_a_perfect_ranking_finds_everybody_first() -> None:
    """With half leaving, half contacted finds all of them, and a quarter finds half."""
    perfect = judged([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert [ranking.found_at(perfect, share) for share in (0.25, 0.5, 1)] == pytest.approx([0.5, 1, 1])


def test_curves_are_scikit_learns(trained: TrainedModel) -> None:
    """ROC and precision-recall at the points of their grid."""
    labels, scored = trained.evaluation.pooled()
    false, true, _ = roc_curve(labels, scored)
    assert ranking._roc(labels, scored) == pytest.approx(np.interp(ranking.GRID, false, true))
    precision, recall, _ = precision_recall_curve(labels, scored)
    middle = float(np.interp(0.5, recall[-2::-1], precision[-2::-1]))
    assert ranking._precision_recall(labels, scored)[50] == pytest.approx(middle)


def test_the_cost_curve_is_the_rules(trained: TrainedModel) -> None:
    """A missed leaver and a contact cost what was said; nobody flagged costs every leaver."""
    rule = ThresholdRule("cost", cost_missed=300, cost_contact=20)
    labels, scored = trained.evaluation.pooled()
    chart = decisions.cost_chart(trained.evaluation, rule, 0.3)
    costs = [
        float(((scored < t) & (labels == 1)).mean() * 300 + (scored >= t).mean() * 20)
        for t in decisions.THRESHOLDS
    ]
    assert chart.numbers[1][2] == f"{min(costs):.4g}"
    nobody = decisions._costs(decisions.confusion_curve(labels, scored * 0), 300, 20)
    assert nobody[-1] == pytest.approx(300 * labels.mean())


@given(st.integers(0, 50), st.integers(1, 50))
def test_wilsons_interval_holds_the_share_and_stays_a_share(positives: int, more: int) -> None:
    """Also where all or none left."""
    rows = positives + more
    for count in (positives, rows):
        low, high = wilson(count, rows)
        assert 0 <= low <= count / rows + 1e-12
        assert count / rows - 1e-12 <= high <= 1


def test_wilsons_interval_is_the_textbooks() -> None:
    """10 of 100: 5.5 % to 17.4 %."""
    assert wilson(10, 100) == pytest.approx((0.0552, 0.1744), abs=1e-4)


@given(st.floats(-0.1, 0.1).filter(lambda d: abs(d) > 1e-6), st.floats(0.05, 30))
def test_a_line_spans_zero_exactly_where_two_cannot_be_told_apart(
    trained: TrainedModel, difference: float, size: float
) -> None:
    """The interval drawn and the rule for choosing are one."""
    nothing = Spread(mean=0.8 + difference, std=0.01)
    candidate = Candidate(
        name="other",
        roc_auc=nothing,
        pr_auc=nothing,
        f1=nothing,
        brier=nothing,
        difference=difference,
        t=math.copysign(size, difference),
    )
    entry = entries(msgspec.structs.replace(trained.manifest, candidates=[candidate]))[0]
    assert (entry.low <= 0 <= entry.high) == (size <= 2)
    verdict = "better" if difference > 0 else "worse"
    assert entry.verdict == ("cannot be told apart" if size <= 2 else verdict)


def effects_of(model: TrainedModel) -> dict[str, Effect]:
    return {e.feature.name: e for e in measure_effects(model.onnx, SHOP, model.table.inputs)}


def test_a_linear_models_effects_are_exact_and_say_what_the_data_holds(trained: TrainedModel) -> None:
    """New customers and the basic plan leave more; a missing number has a level of its own."""
    effects = effects_of(trained)
    assert all(effect.exact for effect in effects.values())
    months = effects["months"]
    assert list(months.values) == sorted(months.values)
    assert months.mean[0] > 0 > months.mean[-1]
    assert effects["plan"].levels[0].value == "basic"
    assert [level.value for level in effects["spend"].levels] == ["missing"]
    assert next(iter(effects)) == "months"


def test_contributions_balance_over_the_customers(trained: TrainedModel) -> None:
    """They are against the average customer, so a category's means weighted by its rows add up to nothing."""
    for effect in effects_of(trained).values():
        if effect.feature.is_categorical:
            assert sum(level.mean * level.rows for level in effect.levels) == pytest.approx(0, abs=0.01)


def test_a_trees_effects_are_averages_with_a_band(trained: TrainedModel) -> None:
    """Where a value contributes differently from customer to customer, the middle 80 % is kept."""
    recipe = Recipe(candidate="gradient_boosting", params={}, seed=0)
    model = dataclasses.replace(trained, onnx=rebuild(recipe, trained.table, SHOP))
    effects = effects_of(model)
    uneven = [effect for effect in effects.values() if not effect.exact]
    assert uneven
    for effect in uneven:
        assert (effect.low <= effect.high).all()
        assert all(level.low <= level.high for level in effect.levels)
    assert not make_figures(model).exact


def test_every_chart_is_also_a_png(trained: TrainedModel, tmp_path: Path) -> None:
    """One file per chart, named like it; the folder is made."""
    written = write_figures(trained, tmp_path / "new" / "figures")
    assert [path.stem for path in written] == [chart.name for chart in make_figures(trained)]
    assert len(set(written)) == len(written)
    assert all(path.read_bytes().startswith(PNG_SIGNATURE) for path in written)


def test_drawing_leaves_matplotlibs_settings_as_they_were() -> None:
    """No global state is left changed."""
    import matplotlib

    before = dict(matplotlib.rcParams)
    chart = Chart("x", "X", "Says.", lambda pen: pen.axes().plot([0, 1], [0, 1]))
    assert svg(chart) == svg(chart)
    assert png(chart) == png(chart)
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("text", ["<b>&amp;", "$\\frac$", "客户 ✓", 'say "hi"', "#x) url(#y)", "]]>"])
def test_any_text_can_stand_in_a_chart(text: str) -> None:
    """Markup, formulas and other scripts are shown as they are, without a warning."""

    def draw(pen: Pen) -> None:
        axes = pen.axes()
        axes.set_xlabel(text)
        pen.label(axes, 0.5, 0.5, text)

    drawn = svg(Chart("x", text, text, draw))
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert drawn.count(f">{escaped}<") >= 2 or '"' in text
    assert "<b>" not in drawn
    assert png(Chart("x", text, text, draw)).startswith(PNG_SIGNATURE)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_can_be_read_on_its_ground(colours: Colours) -> None:
    """WCAG 2.2 asks for a contrast of 4.5 to 1 for text, and 3 to 1 for what charts are drawn in."""
    ground = luminance(colours.paper)
    for name, colour in colours.items():
        low, high = sorted((luminance(colour), ground))
        contrast = (high + 0.05) / (low + 0.05)
        wanted = {"line": 1, "paper": 1, "panel": 1, "other": 3, "stay": 3, "leave": 3}.get(name, 4.5)
        assert contrast >= wanted, (name, round(contrast, 2))
