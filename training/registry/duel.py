"""Candidate against champion, on the same rows, and on rows that flatter neither."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from contract.errors import ManifestError
from contract.manifest import Recipe
from contract.schema import FeatureSchema
from training.data.splits import Splits
from training.errors import CandidateError, GraphError
from training.evaluation.evaluate import evaluate_recipe
from training.evaluation.evaluation import Evaluation, Labels, Probabilities
from training.evaluation.metrics import judge
from training.evaluation.paired import Paired, paired_test
from training.models.encoding import learn_encoding
from training.models.one_thread import one_thread
from training.registry.compatibility import cannot_be_fed
from training.registry.incumbent import Incumbent, Mask
from training.registry.scoring import score_table
from training.result import TrainedModel

SMALLEST_SHARE_OF_NEW_ROWS = 0.5
SMALLEST_CLASS_PER_FOLD = 10  # on average; a ROC AUC of fewer says next to nothing
METRICS = ("roc_auc", "pr_auc", "brier")


class NotComparable(NamedTuple):
    """Why candidate and champion cannot be judged on the same rows."""

    why: str


@dataclass(frozen=True, slots=True)
class Duel:
    """Both judged fold by fold on the same rows; `how` says on which, and what of the champion was judged.

    The figures by metric are means over the folds, and `tests` are of candidate minus champion.
    """

    rows: int
    how: str
    candidate: Mapping[str, float]
    champion: Mapping[str, float]
    tests: Mapping[str, Paired]

    @property
    def paired(self) -> Paired:
        """The corrected test of the ROC AUC."""
        return self.tests["roc_auc"]

    @property
    def candidate_roc_auc(self) -> float:
        """Mean over the folds."""
        return self.candidate["roc_auc"]

    @property
    def champion_roc_auc(self) -> float:
        """Mean over the folds."""
        return self.champion["roc_auc"]


Outcome: TypeAlias = Duel | NotComparable


def run_duel(trained: TrainedModel, champion: Incumbent) -> Outcome:
    """Judge a fresh candidate and the champion on the rows of the candidate's table.

    The candidate's probabilities are out of fold. The champion may have learned these very rows, so

    - on rows new to it, if they are at least half and enough of each class, its graph as it serves is judged;
      also on fewer where both have one recipe, because then only the rows make a difference;
    - else its recipe is fitted anew on the same folds, and all rows are judged;
    - a champion without a recipe is judged by its graph on all rows: flattered, so the bar is too high.

    An earlier snapshot of the same customer counts as new, which favours the champion.
    """
    name = champion.manifest.version
    try:
        schema = champion.manifest.feature_schema()
        if obstacle := cannot_be_fed(schema, trained.schema):
            return NotComparable(f"{name} cannot score this table: {obstacle}")
        return _duel(trained, champion, schema)
    except (CandidateError, GraphError, ManifestError) as error:
        return NotComparable(f"{name} cannot be judged: {error}")


def _duel(trained: TrainedModel, champion: Incumbent, schema: FeatureSchema) -> Duel:
    name, recipe = champion.manifest.version, champion.manifest.recipe
    judged = _judged(trained)
    known = champion.trained_on(trained.table, schema)
    if known is not None:
        new = judged & ~known
        least = 0.0 if _same(trained.manifest.recipe, recipe) else SMALLEST_SHARE_OF_NEW_ROWS
        if new.sum() >= least * judged.sum() and _enough(trained.evaluation, new):
            how = f"{new.sum():,} of {judged.sum():,} rows, those that {name} was not trained on"
            return _compare(trained, _graph_scores(trained, champion, schema), new, how)
    if recipe is not None:
        how = f"{judged.sum():,} rows, the recipe of {name} ({recipe.candidate}) fitted on the same folds"
        return _compare(trained, _refitted(trained, recipe, schema), judged, how)
    told = "any" if known is None else f"{known[judged].mean():.0%}"
    how = f"{judged.sum():,} rows, {told} of which {name} may have learned, which flatters it"
    return _compare(trained, _graph_scores(trained, champion, schema), judged, how)


def _judged(trained: TrainedModel) -> Mask:
    """The rows that are in a test part; all of them, but for splits in time."""
    judged = np.zeros(trained.table.rows, dtype=np.bool_)
    judged[np.concatenate(trained.evaluation.tests)] = True
    return judged


def _same(ours: Recipe | None, theirs: Recipe | None) -> bool:
    if ours is None or theirs is None:
        return False
    return (ours.candidate, ours.params) == (theirs.candidate, theirs.params)


def _enough(evaluation: Evaluation, new: Mask) -> bool:
    smaller = [
        min(int((labels[new[rows]] == 1).sum()), int((labels[new[rows]] == 0).sum()))
        for rows, labels in zip(evaluation.tests, evaluation.labels, strict=True)
    ]
    return min(smaller) > 0 and float(np.mean(smaller)) >= SMALLEST_CLASS_PER_FOLD


def _graph_scores(trained: TrainedModel, champion: Incumbent, schema: FeatureSchema) -> list[Probabilities]:
    """What the champion's graph says of the rows of every fold."""
    scored = score_table(
        champion.onnx, schema, trained.table.inputs, has_reasons=champion.manifest.has_reasons
    )
    return [scored[rows] for rows in trained.evaluation.tests]


def _refitted(trained: TrainedModel, recipe: Recipe, schema: FeatureSchema) -> list[Probabilities]:
    """What the champion's recipe says of the rows of every fold, fitted on the fold's other rows."""
    encoding = learn_encoding(trained.table.inputs, schema)
    try:
        with one_thread():
            refitted = evaluate_recipe(recipe, trained.table, encoding, trained.splits, trained.rule)
    except (TypeError, ValueError) as error:  # settings that this version of a library no longer takes
        raise CandidateError(
            f"its recipe {recipe.candidate} {recipe.params} cannot be fitted ({error})"
        ) from error
    return refitted.probabilities


def _compare(trained: TrainedModel, theirs: Sequence[Probabilities], keep: Mask, how: str) -> Duel:
    evaluation = trained.evaluation
    kept = [keep[rows] for rows in evaluation.tests]
    labels = [each[mask] for each, mask in zip(evaluation.labels, kept, strict=True)]
    candidate = _figures(labels, evaluation.probabilities, kept)
    champion = _figures(labels, theirs, kept)
    ratio = _test_to_train(trained.splits)
    return Duel(
        rows=int(keep.sum()),
        how=how,
        candidate={metric: float(np.mean(candidate[metric])) for metric in METRICS},
        champion={metric: float(np.mean(champion[metric])) for metric in METRICS},
        tests={metric: paired_test(candidate[metric], champion[metric], ratio) for metric in METRICS},
    )


def _figures(
    labels: Sequence[Labels], scored: Sequence[Probabilities], kept: Sequence[Mask]
) -> dict[str, list[float]]:
    each = [judge(y, p[mask], threshold=0.5) for y, p, mask in zip(labels, scored, kept, strict=True)]
    return {metric: [figures[metric] for figures in each] for metric in METRICS}


def _test_to_train(splits: Splits) -> float:
    """The mean ratio of judged to fitted rows of the folds as they were drawn.

    It stands for how much of their rows folds share; leaving the same rows out of all does not change that.
    """
    return float(np.mean([len(test) / len(train) for train, test in splits.outer]))
