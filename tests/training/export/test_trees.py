"""Reasons of trees: path contributions, by hand and against scikit-learn's own paths."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.tree import DecisionTreeClassifier

from contract.graph import CONTRIBUTIONS, MARGIN, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from tests.training.export.fitted import fit, graph_of, rows, run, shop_graph
from tests.training.tables import SHOP, schema_of, shop_table
from training.export.export import Exported, export
from training.export.forest import read_forest
from training.export.paths import average, node_values
from training.models.candidates import ENCODE, MODEL, feature_of_column
from training.models.encoding import learn_encoding, to_frame
from training.models.numeric import FilledNumbers
from training.models.pipeline import assemble

PAIR = schema_of({"a": {"type": "number"}, "b": {"type": "number"}})
# Nobody with a = 0 leaves; with a = 1, half where b = 0 and all where b = 1.
ROWS = [(0, 0), (0, 0), (0, 1), (0, 1), (1, 0), (1, 0), (1, 1), (1, 1)]
LEFT = np.array([0, 0, 0, 0, 0, 1, 1, 1])
BASE = math.log(3 / 5)  # three of eight leave


def _pair(model: Any, labels: NDArray[Any] = LEFT) -> Exported:
    table: Any = SimpleNamespace(inputs=rows(*ROWS, schema=PAIR))
    pipeline = assemble(learn_encoding(table.inputs, PAIR), FilledNumbers(), model)
    return graph_of(pipeline.fit(to_frame(table.inputs), labels), table, PAIR)


def test_a_tree_of_two_splits_says_what_is_computed_by_hand() -> None:
    """3/8 leave; a = 1 raises it to 3/4, and b = 0 then lowers it to 1/2: +3/8 and -1/4 of +1/8 in all."""
    exported = _pair(DecisionTreeClassifier(max_leaf_nodes=3))
    outputs = run(exported, rows((1, 0), (0, 1), schema=PAIR), PAIR)
    assert exported.base_margin == pytest.approx(BASE)
    assert outputs[PROBABILITY][:, 0] == pytest.approx([0.5, 0.0], abs=1e-7)
    slope = (0 - BASE) / (1 / 8)  # log-odds 0 at probability 1/2
    assert outputs[CONTRIBUTIONS][0] == pytest.approx([3 / 8 * slope, -1 / 4 * slope], abs=1e-6)
    assert outputs[REASON_FEATURE].tolist() == [[0, 1], [0, 1]]
    # b is never looked at where a = 0, and the probability 0 counts as 1e-7.
    assert outputs[CONTRIBUTIONS][1] == pytest.approx([math.log(1e-7 / (1 - 1e-7)) - BASE, 0.0], abs=1e-5)


def test_a_boosted_stump_says_what_is_computed_by_hand() -> None:
    """One Newton step of (3/4 - 3/8) / (15/64) = 1.6 either way, halved by the learning rate."""
    exported = _pair(GradientBoostingClassifier(n_estimators=1, max_depth=1, learning_rate=0.5))
    outputs = run(exported, rows((1, 0), (0, 1), schema=PAIR), PAIR)
    assert exported.base_margin == pytest.approx(BASE)
    assert outputs[CONTRIBUTIONS].tolist() == pytest.approx(np.array([[0.8, 0], [-0.8, 0]]), abs=1e-6)
    assert outputs[MARGIN][:, 0] == pytest.approx([BASE + 0.8, BASE - 0.8], abs=1e-6)


def test_reasons_that_cancel_out_are_scaled_by_the_derivative() -> None:
    """-1/4 and +1/4 lead back to the average 1/2, where log-odds change 1 / (1/2 * 1/2) times as fast."""
    labels = np.array([0, 0, 0, 1, 0, 1, 1, 1])
    exported = _pair(DecisionTreeClassifier(random_state=0), labels)
    outputs = run(exported, rows((0, 1), schema=PAIR), PAIR)
    assert outputs[PROBABILITY][0, 0] == 0.5
    assert outputs[CONTRIBUTIONS][0] == pytest.approx([-1.0, 1.0], abs=1e-6)


def _by_decision_path(model: Any, encoded: NDArray[Any], owners: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, features) changes of each tree's mean prediction along the way, in parts of the ensemble's sum."""
    total = np.zeros((len(encoded), len(SHOP.features)))
    boosted = isinstance(model, GradientBoostingClassifier)
    for estimator in np.ravel(model.estimators_):
        tree, scale = estimator.tree_, model.learning_rate if boosted else 1 / len(model.estimators_)
        leaf_values = tree.value[:, 0, 0] if boosted else tree.value[:, 0, 1]
        paths = estimator.decision_path(encoded.astype(np.float32)).toarray()
        said = leaf_values[estimator.apply(encoded.astype(np.float32))]
        means = (paths * said[:, None]).sum(axis=0) / np.maximum(paths.sum(axis=0), 1)
        for row, path in enumerate(paths):
            way = np.flatnonzero(path)  # a child's number is above its parent's
            for above, below in pairwise(way):
                total[row, owners[tree.feature[above]]] += (means[below] - means[above]) * scale
    return total


@pytest.mark.parametrize("name", ["random_forest", "extra_trees", "gradient_boosting"])
def test_contributions_are_those_of_scikit_learns_decision_paths(name: str) -> None:
    """Missing numbers and all, each row's contributions are the changes of the mean along its own paths."""
    table = shop_table(150)
    pipeline = fit(name, table)
    exported = graph_of(pipeline, table)
    outputs = run(exported, table.inputs)
    encoded = pipeline[ENCODE].transform(to_frame(table.inputs))
    expected = _by_decision_path(pipeline[MODEL], encoded, feature_of_column(pipeline, SHOP))
    if name != "gradient_boosting":
        probability = pipeline.predict_proba(to_frame(table.inputs))[:, 1]
        base = 1 / (1 + np.exp(-exported.base_margin))
        slope = (np.log(probability / (1 - probability)) - exported.base_margin) / (probability - base)
        expected = expected * slope[:, None]
    np.testing.assert_allclose(outputs[CONTRIBUTIONS], expected, atol=2e-6)


def test_a_node_that_no_training_row_reaches_still_adds_up() -> None:
    """With averages over three rows only, contributions still lead from the base to the margin."""
    table = shop_table()
    model = fit("gradient_boosting", table)
    exported = export(model, SHOP, to_frame(table.inputs).iloc[:3])
    outputs = run(exported, table.inputs)
    total = exported.base_margin + outputs[CONTRIBUTIONS].astype(float).sum(axis=1)
    np.testing.assert_allclose(total, outputs[MARGIN][:, 0], atol=1e-5)
    margin = model[MODEL].decision_function(model[ENCODE].transform(to_frame(table.inputs)))
    np.testing.assert_allclose(outputs[MARGIN][:, 0], margin, atol=1e-5)


@pytest.mark.parametrize("name", ["decision_tree", "hist_gradient_boosting", "xgboost", "lightgbm"])
def test_the_base_is_the_mean_over_the_training_rows(name: str) -> None:
    """So contributions are against the average customer, as they are for a linear model."""
    table = shop_table()
    model = fit(name, table)
    encoded = model[ENCODE].transform(to_frame(table.inputs))
    forest = read_forest(model[MODEL], encoded.shape[1])
    base = average(forest, node_values(forest, [encoded.astype(np.float32)]))
    probability = model.predict_proba(to_frame(table.inputs))[:, 1].astype(float)
    said = probability if forest.averaged else np.log(probability / (1 - probability))
    assert base == pytest.approx(said.mean(), abs=1e-5)


CUSTOMER = st.tuples(
    st.integers(0, 600),
    st.none() | st.floats(-1000, 2.0**127, width=32),
    st.sampled_from(["basic", "plus", "pro"]) | st.text(max_size=3),
    st.integers(0, 1),
    st.none() | st.booleans(),
)


@pytest.mark.parametrize("name", ["random_forest", "xgboost", "vote", "naive_bayes"])
@given(customers=st.lists(CUSTOMER, min_size=1, max_size=20))
@settings(deadline=None, max_examples=40)
def test_contributions_add_up_for_anybody(name: str, customers: list[tuple[Any, ...]]) -> None:
    """Base and contributions give the margin, and it the probability; the first reason is the largest."""
    graph = shop_graph(name)
    outputs = run(graph, rows(*customers))
    contributions, margin = outputs[CONTRIBUTIONS].astype(float), outputs[MARGIN][:, 0].astype(float)
    np.testing.assert_allclose(graph.base_margin + contributions.sum(axis=1), margin, atol=1e-5)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), outputs[PROBABILITY][:, 0], atol=1e-6)
    assert (np.abs(outputs[REASON_CONTRIBUTION][:, 0]) == np.abs(outputs[CONTRIBUTIONS]).max(axis=1)).all()
