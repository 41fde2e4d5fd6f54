"""Figures that can be trusted: settings, fit and threshold never see the rows they are judged on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from contract.manifest import Recipe
from tests.training.tables import SHOP, shop_table
from training.data.dataset import Table
from training.data.splits import FOLDS, make_splits
from training.evaluation.comparison import Budget, Compared, Comparison, _affordable, compare
from training.evaluation.evaluate import (
    Choice,
    Study,
    assemble,
    choose_params,
    evaluate_recipe,
    judge_fold,
    judge_vote,
)
from training.evaluation.evaluation import METRICS
from training.evaluation.selection import choose_simplest, judged_to_fitted
from training.evaluation.thresholds import ThresholdRule
from training.evaluation.workbench import units_of
from training.models.candidates import select
from training.models.encoding import learn_encoding
from training.result import TrainedModel

RULE = ThresholdRule()


def study_of(table: Table, seed: int = 0) -> Study:
    return Study.of(table, learn_encoding(table.inputs, SHOP), make_splits(table, seed), RULE, seed)


@pytest.fixture(scope="module")
def study() -> Study:
    return study_of(shop_table(300))


def first_folds(study: Study, count: int) -> Study:
    """The study with its first outer folds only, where a test is not about all of them."""
    return replace(study, splits=replace(study.splits, outer=study.splits.outer[:count], repeats=1))


def test_every_row_is_judged_once_per_repeat_with_every_metric(several: TrainedModel) -> None:
    """5×3 folds for every candidate and baseline, and each metric for each fold; no budget was short."""
    for evaluation in several.evaluations:
        judged = np.bincount(np.concatenate(evaluation.tests))
        assert set(judged.tolist()) == {3}
        assert {len(evaluation.folds[metric]) for metric in METRICS} == {15}
        assert len(evaluation.params) == len(evaluation.thresholds) == 15
    assert "budget" not in {finding.check for finding in several.findings}


def test_labels_of_the_judged_rows_play_no_part(study: Study) -> None:
    """With the test rows' labels turned round, the same settings, threshold and probabilities come out."""
    train, test = study.splits.outer[0]
    labels = study.labels.copy()
    labels[test] = 1 - labels[test]
    blind = replace(study, labels=labels)
    settings = select(["logistic_bins"])[0].search
    honest, other = (judge_fold(s, "logistic_bins", settings, (train, test)) for s in (study, blind))
    assert honest.choice.params == other.choice.params
    np.testing.assert_array_equal(honest.choice.held_out, other.choice.held_out)
    np.testing.assert_array_equal(honest.probabilities, other.probabilities)


def test_a_tree_that_memorises_gains_nothing_on_noise() -> None:
    """Labels drawn at random: every candidate scores as chance does, however flexible."""
    table = shop_table(400)
    table = replace(table, labels=np.random.default_rng(1).permutation(table.labels))
    study = first_folds(study_of(table), FOLDS)
    found = compare(study, select(["decision_tree", "logistic_bins"]), budget_seconds=600, jobs=1)
    for each in found.compared:
        assert each.evaluation.spread("roc_auc").mean == pytest.approx(0.5, abs=0.06)


def test_the_threshold_of_a_fold_comes_from_rows_that_a_model_held_out(study: Study) -> None:
    """It is the rule's choice on the inner folds' probabilities, which differ from fitted ones."""
    fold = study.splits.outer[0]
    judged = judge_fold(study, "decision_tree", [{}], fold)
    found = assemble(first_folds(study, 1), "decision_tree", [judged])
    assert found.thresholds == [RULE.choose(study.labels[fold[0]], judged.choice.held_out)]
    assert not np.isnan(judged.choice.held_out).any()


def test_settings_are_chosen_by_the_inner_folds(study: Study) -> None:
    """A penalty that flattens everything loses to one that does not; of equals the first stays."""
    rows = np.arange(len(study.labels))
    sane, flat = {"penalty": 1.0}, {"penalty": 1e9}
    assert choose_params(study, "logistic", [flat, sane], rows).params == sane
    assert choose_params(study, "logistic", [sane, dict(sane)], rows).params is sane


def test_a_vote_is_the_mean_of_the_best_linear_and_the_best_tree(study: Study) -> None:
    """Which two is decided by the inner folds; no fit of its own is needed."""
    fold = study.splits.outer[0]
    kinds = select(["logistic", "logistic_bins", "decision_tree"])
    members = [(kind, judge_fold(study, kind.name, kind.search[:1], fold)) for kind in kinds]
    vote = judge_vote(members)
    best = max(members[:2], key=lambda member: member[1].choice.roc_auc)
    assert vote.choice.params["linear"] == best[0].name
    assert vote.choice.params["tree"] == "decision_tree"
    expected = (best[1].probabilities + members[2][1].probabilities) / 2
    np.testing.assert_allclose(vote.probabilities, expected)


def test_a_recipe_refitted_on_the_folds_gives_what_the_comparison_gave(study: Study) -> None:
    """A champion's recipe is judged exactly as a candidate with those settings is."""
    (kind,) = select(["logistic"])
    one = replace(kind, search=kind.search[:1])
    ours = compare(study, [one], budget_seconds=600, jobs=1).compared[0].evaluation
    recipe = Recipe(candidate="logistic", params=dict(kind.search[0]), seed=0)
    table = shop_table(300)
    theirs = evaluate_recipe(recipe, table, study.encoding, study.splits, RULE)
    for metric in ("roc_auc", "pr_auc", "brier", "precision_top_10"):
        assert theirs.folds[metric] == ours.folds[metric]
    assert set(theirs.thresholds) == {0.5}  # nothing is chosen


def test_the_figures_do_not_depend_on_the_number_of_processes(study: Study) -> None:
    """Two processes and one give the same, to the last digit."""
    kinds = select(["logistic", "decision_tree"])
    slow = [replace(kind, effort=kind.effort * 1e6) for kind in kinds]  # so that workers are worth it
    few = first_folds(study, 3)
    alone = compare(few, slow, budget_seconds=1e9, jobs=1)
    together = compare(few, slow, budget_seconds=1e9, jobs=2)
    for one, two in zip(alone.compared, together.compared, strict=True):
        assert one.evaluation.folds == two.evaluation.folds
        assert one.evaluation.params == two.evaluation.params
        assert one.final.params == two.final.params


def test_progress_counts_every_unit_of_work(study: Study) -> None:
    """What is told adds up to what was announced: every outer fold, and the choice on all rows."""
    few = first_folds(study, 2)
    (kind,) = select(["logistic"])
    told: list[int] = []
    compare(few, [kind], budget_seconds=600, jobs=1, tell=lambda units, _: told.append(units))
    assert sum(told) == units_of(few, kind, kind.search)
    assert len(told) == 3


def test_a_short_budget_tries_fewer_settings_and_says_so(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Time for the first candidate only: the others are cut or left out, each with a line."""
    monkeypatch.setattr(Budget, "left", property(lambda self: 0.0 if self.taken else 1e9))
    kinds = select(["logistic", "decision_tree"])
    found = compare(first_folds(study, 2), kinds, budget_seconds=1, jobs=1)
    assert [each.kind.name for each in found.compared] == ["logistic"]
    assert len(found.cuts) == 1
    assert "decision_tree: left out" in found.cuts[0]


@pytest.mark.parametrize("seconds", [1.0, 0.0])
def test_the_first_candidate_stays_however_short_the_budget(study: Study, seconds: float) -> None:
    """It tries what can be afforded, and one setting at least: a model is better than none."""
    (kind,) = select(["logistic_bins"])
    kind = replace(kind, search=({"a": 1}, {"a": 2}, {"a": 3}))
    budget, found = Budget(1000.0 * seconds), Comparison()
    fit_seconds = 990.0 / 16 / 4  # of the 4 fits that each of 15 folds and the whole table take
    assert _affordable(study, kind, fit_seconds, budget, 1, found) == ({"a": 1},)
    assert "1 of 3 settings" in found.cuts[0]


def test_what_a_candidate_costs_is_measured_and_not_believed(study: Study) -> None:
    """On another table than the usual a rough figure is off by far, and would leave out what is quick."""
    quick = [replace(kind, effort=1e9, search=kind.search[:1]) for kind in select(["logistic", "sgd"])]
    found = compare(first_folds(study, 2), quick, budget_seconds=60, jobs=1)
    assert [each.kind.name for each in found.compared] == ["logistic", "sgd"]
    assert found.cuts == []


def test_work_that_took_longer_than_expected_makes_the_rest_look_longer_too(study: Study) -> None:
    """On a busy machine a fit among others takes longer than the one that was measured."""
    (kind,) = select(["decision_tree"])
    budget, found = Budget(1000.0), Comparison()
    assert len(_affordable(study, kind, 2.0, budget, 1, found)) == 3
    budget.note(expected=10.0, taken=20.0)
    assert len(_affordable(study, kind, 2.0, budget, 1, found)) == 3
    budget.note(expected=10.0, taken=60.0)
    assert len(_affordable(study, kind, 2.0, budget, 1, found)) == 2


def test_more_processes_than_folds_do_not_help(study: Study) -> None:
    """16 pieces of work on 64 cores take as long as one of them."""
    (kind,) = select(["decision_tree"])
    assert len(_affordable(study, kind, 2.0, Budget(21.0), 64, Comparison())) == 3
    assert len(_affordable(study, kind, 2.0, Budget(19.0), 64, Comparison())) == 2


def test_of_models_that_cannot_be_told_apart_the_simplest_wins(several: TrainedModel) -> None:
    """A hair's breadth is no reason for a forest; a real difference is."""
    simple = Compared(select(["logistic_bins"])[0], several.evaluation, Choice({}, 0.5, np.empty(0)))
    fancy = replace_compared(simple, "vote", complexity=99, shift=0.0001, wobble=0.01)
    assert choose_simplest([simple, fancy], several.splits) is simple
    better = replace_compared(simple, "vote", complexity=99, shift=0.05, wobble=0.01)
    assert choose_simplest([simple, better], several.splits) is better


def replace_compared(base, name, *, complexity, shift, wobble):  # type: ignore[no-untyped-def]
    """The same figures, moved by `shift` on average."""
    noise = np.random.default_rng(0).normal(size=15)
    noise -= noise.mean()
    folds = dict(base.evaluation.folds)
    folds["roc_auc"] = (np.array(folds["roc_auc"]) + shift + wobble * noise).tolist()
    return replace(
        base,
        kind=replace(base.kind, name=name, complexity=complexity),
        evaluation=replace(base.evaluation, folds=folds),
    )


def test_the_ratio_of_judged_to_fitted_rows_is_that_of_five_folds(study: Study) -> None:
    """What the corrected test needs: a quarter."""
    assert judged_to_fitted(study.splits) == pytest.approx(0.25, abs=0.001)


def test_rows_that_no_inner_fold_judges_do_not_count_for_the_threshold(study: Study) -> None:
    """Forward chaining leaves the first rows unjudged: NaN, not a probability."""
    fold = study.splits.outer[0]
    judged = judge_fold(study, "logistic", [{"penalty": 1.0}], fold)
    held_out = judged.choice.held_out.copy()
    held_out[:50] = np.nan
    partly = replace(judged, choice=Choice(judged.choice.params, judged.choice.roc_auc, held_out))
    found = assemble(first_folds(study, 1), "logistic", [partly])
    assert found.thresholds == [RULE.choose(study.labels[fold[0]][50:], held_out[50:])]
    assert found.folds["roc_auc"] == [roc_auc_score(study.labels[fold[1]], judged.probabilities)]
