"""Studies of the shop's customers, whole or with few folds."""

from __future__ import annotations

from dataclasses import replace

from tests.training.tables import SHOP
from training.data.dataset import Table
from training.data.splits import make_splits
from training.evaluation.evaluate import Study
from training.evaluation.thresholds import ThresholdRule
from training.models.encoding import learn_encoding

RULE = ThresholdRule()


def study_of(table: Table, seed: int = 0) -> Study:
    """Five folds, three times over."""
    return Study.of(table, learn_encoding(table.inputs, SHOP), make_splits(table, seed), RULE, seed)


def first_folds(study: Study, count: int) -> Study:
    """The study with its first outer folds only, where a test is not about all of them."""
    return replace(study, splits=replace(study.splits, outer=study.splits.outer[:count], repeats=1))
