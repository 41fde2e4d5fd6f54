"""Honest figures: every row is judged by a model whose fit, settings and threshold never saw it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from contract.manifest import Recipe
from training.data.dataset import Table
from training.data.splits import Fold, Splits
from training.evaluation.evaluation import Evaluation, Labels, Probabilities, Rows
from training.evaluation.metrics import judge
from training.evaluation.thresholds import ThresholdRule
from training.models.candidates import CANDIDATES, build
from training.models.encoding import Encoding, to_frame
from training.models.kind import Kind, Params

UNCHOSEN_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class Study:
    """What every candidate is judged on: the same rows, splits, seed and rule for the threshold."""

    encoding: Encoding
    frame: pd.DataFrame
    labels: Labels
    splits: Splits
    rule: ThresholdRule
    seed: int

    @classmethod
    def of(cls, table: Table, encoding: Encoding, splits: Splits, rule: ThresholdRule, seed: int) -> Study:
        """The study of a table."""
        return cls(encoding, to_frame(table.inputs), table.labels, splits, rule, seed)


@dataclass(frozen=True, slots=True)
class Choice:
    """Settings chosen on some rows by their inner folds.

    `roc_auc` is the mean over inner folds and `held_out` the probability of every row by a model that was
    fitted without it (NaN for rows that no inner fold judges, as the first ones in time).
    """

    params: Params
    roc_auc: float
    held_out: Probabilities


@dataclass(frozen=True, slots=True)
class Judged:
    """One outer fold: what was chosen on its training rows, and what that says of its test rows."""

    choice: Choice
    probabilities: Probabilities
    fit_seconds: float


def churn_probability(fitted: Any, frame: pd.DataFrame) -> Probabilities:
    """The positive class's probability, shape (n,)."""
    probabilities: Probabilities = fitted.predict_proba(frame)[:, 1]
    return probabilities


def choose_params(study: Study, name: str, settings: Sequence[Params], rows: Rows) -> Choice:
    """The settings of the highest mean ROC AUC over the inner folds of `rows`; of equals the first."""
    choices = [_try(study, name, params, rows) for params in settings]
    return max(choices, key=lambda choice: choice.roc_auc)


def _try(study: Study, name: str, params: Params, rows: Rows) -> Choice:
    held_out = np.full(len(rows), np.nan)
    figures = []
    for train, test in study.splits.inner(rows):
        fitted = _fit(study, name, params, rows[train])
        held_out[test] = churn_probability(fitted, study.frame.iloc[rows[test]])
        figures.append(roc_auc_score(study.labels[rows[test]], held_out[test]))
    return Choice(params, float(np.mean(figures)), held_out)


def _fit(study: Study, name: str, params: Params, rows: Rows) -> Any:
    model = build(name, study.encoding, params, study.seed)
    return model.fit(study.frame.iloc[rows], study.labels[rows])


def judge_fold(study: Study, name: str, settings: Sequence[Params], fold: Fold) -> Judged:
    """Choose on a fold's training rows, fit all of them, and score its test rows."""
    train, test = fold
    choice = choose_params(study, name, settings, train)
    started = time.perf_counter()
    fitted = _fit(study, name, choice.params, train)
    seconds = time.perf_counter() - started
    return Judged(choice, churn_probability(fitted, study.frame.iloc[test]), seconds)


def time_fit(study: Study, name: str, params: Params) -> float:
    """Seconds to fit a candidate on the training rows of the last outer fold and score its test rows.

    What it imports when it is built, as XGBoost does, is not counted.
    """
    train, test = study.splits.outer[-1]
    model = build(name, study.encoding, params, study.seed)
    started = time.perf_counter()
    fitted = model.fit(study.frame.iloc[train], study.labels[train])
    churn_probability(fitted, study.frame.iloc[test])
    return time.perf_counter() - started


def vote_of(members: Sequence[tuple[Kind, Choice]]) -> tuple[Params, list[int]]:
    """The best linear and the best tree of those given: a vote's params, and their positions in `members`."""
    best = {
        family: max(
            (i for i, (kind, _) in enumerate(members) if kind.family == family),
            key=lambda i: members[i][1].roc_auc,
        )
        for family in ("linear", "tree")
    }
    params: dict[str, Any] = {}
    for family, position in best.items():
        kind, choice = members[position]
        params |= {family: kind.name, f"{family}_params": dict(choice.params)}
    return params, list(best.values())


def vote_choice(members: Sequence[tuple[Kind, Choice]]) -> Choice:
    """What the vote chooses on the rows on which its members chose: equal say for the two best."""
    params, positions = vote_of(members)
    picked = [members[i][1] for i in positions]
    held_out = np.mean([choice.held_out for choice in picked], axis=0)
    return Choice(params, float(np.mean([choice.roc_auc for choice in picked])), held_out)


def judge_vote(members: Sequence[tuple[Kind, Judged]]) -> Judged:
    """One outer fold of the vote, from its members' folds: no model is fitted again."""
    choices = [(kind, judged.choice) for kind, judged in members]
    _, positions = vote_of(choices)
    picked = [members[i][1] for i in positions]
    probabilities = np.mean([judged.probabilities for judged in picked], axis=0)
    return Judged(vote_choice(choices), probabilities, sum(judged.fit_seconds for judged in picked))


def assemble(study: Study, name: str, folds: Sequence[Judged]) -> Evaluation:
    """The folds of one candidate as its evaluation; the threshold comes from the training rows of each."""
    evaluation = Evaluation(name, CANDIDATES[name].title, study.splits.repeats)
    for (train, test), judged in zip(study.splits.outer, folds, strict=True):
        threshold = _threshold(study, train, judged.choice)
        for metric, figure in judge(study.labels[test], judged.probabilities, threshold).items():
            evaluation.folds[metric].append(figure)
        evaluation.tests.append(test)
        evaluation.labels.append(study.labels[test])
        evaluation.probabilities.append(judged.probabilities)
        evaluation.thresholds.append(threshold)
        evaluation.params.append(judged.choice.params)
    evaluation.fit_seconds = float(np.mean([judged.fit_seconds for judged in folds]))
    return evaluation


def _threshold(study: Study, train: Rows, choice: Choice) -> float:
    known = ~np.isnan(choice.held_out)
    if not known.any():
        return UNCHOSEN_THRESHOLD
    return study.rule.choose(study.labels[train[known]], choice.held_out[known])


def evaluate_recipe(
    recipe: Recipe, table: Table, encoding: Encoding, splits: Splits, rule: ThresholdRule
) -> Evaluation:
    """A fixed recipe refitted on every outer fold: how a champion of old would do on these rows.

    Nothing is chosen, so no inner fold is fitted: flags are those at probability 1/2.
    """
    study = Study.of(table, encoding, splits, rule, recipe.seed)
    return assemble(study, recipe.candidate, [_refit_fold(study, recipe, fold) for fold in splits.outer])


def _refit_fold(study: Study, recipe: Recipe, fold: Fold) -> Judged:
    train, test = fold
    started = time.perf_counter()
    fitted = _fit(study, recipe.candidate, recipe.params, train)
    seconds = time.perf_counter() - started
    unchosen = Choice(recipe.params, float("nan"), np.full(len(train), np.nan))
    return Judged(unchosen, churn_probability(fitted, study.frame.iloc[test]), seconds)
