"""Figures that can be trusted: settings, fit and threshold never see the rows they are judged on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from contract.manifest import Recipe
from tests.training.evaluation.studies import RULE, first_folds, study_of
from tests.training.tables import shop_table
from training.data.splits import FOLDS
from training.evaluation.comparison import compare
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
from training.models.candidates import select
from training.result import TrainedModel


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
