"""What the manifest says of a model: bands, versions, libraries."""

from __future__ import annotations

import numpy as np
import pytest

from contract.manifest import Recipe
from training.describe_model import _libraries, _version, make_bands
from training.evaluation.evaluation import Evaluation
from training.export.flips import Decisions
from training.export.proof import Proof


def evaluation_of(*scored: float) -> Evaluation:
    found = Evaluation("it", "It", repeats=1)
    found.labels, found.probabilities = [np.zeros(len(scored), dtype=np.int8)], [np.array(scored)]
    return found


def test_the_high_band_is_the_top_tenth() -> None:
    """Of the out-of-fold scores; medium begins at the threshold."""
    bands = make_bands(evaluation_of(*np.arange(101) / 100), 0.3, Decisions())
    assert (bands.medium, bands.high) == (0.3, 0.9)


def test_nobody_is_at_high_risk_below_the_threshold() -> None:
    """Where so few churn that even the top tenth scores below it."""
    bands = make_bands(evaluation_of(*np.arange(101) / 1000), 0.3, Decisions())
    assert (bands.medium, bands.high) == (0.3, 0.3)


def test_the_border_of_a_band_moves_to_where_graph_and_pipeline_agree() -> None:
    """A millionth is enough."""
    decisions = Decisions()
    decisions.add(np.array([0.9]), np.array([0.8999996]))
    assert decisions.flips(0.9) == 0
    decisions.add(np.array([0.9000004]), np.array([0.8999994]))
    assert decisions.flips(0.9) == 1
    assert make_bands(evaluation_of(*np.arange(101) / 100), 0.3, decisions).high == 0.899999


def test_versions_sort_by_time_and_name_their_graph() -> None:
    """Also within a second."""
    names = [
        _version(f"2026-11-20T10:00:{second}Z", "1a2b3c4d5e6f") for second in ("00.123", "00.124", "01.000")
    ]
    assert names == sorted(names)
    assert names[0] == "20261120T100000123Z-1a2b3c4d"


@pytest.mark.parametrize(
    ("recipe", "library"),
    [
        (Recipe(candidate="lightgbm", params={}, seed=0), "lightgbm"),
        (Recipe(candidate="vote", params={"linear": "sgd", "tree": "lightgbm"}, seed=0), "lightgbm"),
        (Recipe(candidate="logistic", params={}, seed=0), None),
    ],
)
def test_libraries_that_shaped_the_graph_are_named(recipe: Recipe, library: str | None) -> None:
    """The optional ones, and their converter, only where they had a part in it."""
    named = _libraries(Proof(recipe))
    assert {"python", "scikit-learn", "onnx", "numpy"} <= set(named)
    assert {"lightgbm", "xgboost", "xgboost-cpu"} & set(named) == ({library} if library else set())
    assert ("onnxmltools" in named) == (library is not None)
