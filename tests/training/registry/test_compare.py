"""What differs between two versions is shown, and a table judges both on the same rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from msgspec import structs

from contract.manifest import Calibration, Manifest, Recipe, Spread, TrainingData
from tests.training.registry.duels import (
    DOCUMENT,
    SCHEMA,
    champion,
    draw,
    manifest_of,
    scores,
    silent_champion,
)
from training.data.describe import row_fingerprints
from training.errors import RegistryError
from training.registry.compare import Comparison, compare
from training.registry.scoring import score_table
from training.registry.trial import run_trial, schema_for_both

SAME_ROWS = TrainingData(rows=1200, positives=300, sha256="same", source="here.csv")


def manifest(version: str, **changes: Any) -> Manifest:
    given = {"metrics": {"roc_auc": Spread(mean=0.85, std=0.01)}, "training_data": SAME_ROWS}
    return manifest_of(b"", version, **{**given, **changes})


def figures(comparison: Comparison) -> dict[str, tuple[Any, Any]]:
    return {line.name: (line.first, line.second) for line in comparison.figures}


def test_a_version_does_not_differ_from_itself() -> None:
    """Nothing but equal pairs, and no warning."""
    found = compare(manifest("v1"), manifest("v1"))
    assert all(first == second for first, second in figures(found).values())
    assert (found.differences, found.warning) == ((), "")


def test_both_figures_are_side_by_side_with_their_spread() -> None:
    """What only one of them measured is None for the other."""
    first = manifest(
        "v1", recipe=Recipe(candidate="logistic", params={"penalty": 10}, seed=0), threshold=0.25
    )
    second = manifest(
        "v2",
        metrics={"roc_auc": Spread(mean=0.84, std=0.02), "f1": Spread(mean=0.6, std=0.03)},
        calibration=Calibration(ece=0.02, mean_predicted=[], share_observed=[], count=[]),
    )
    found = compare(first, second)
    told = figures(found)
    assert told["roc_auc"] == (0.85, 0.84)
    assert told["f1"] == (None, 0.6)
    assert (told["ece"], told["threshold"]) == ((0.0, 0.02), (0.25, 0.3))
    assert (told["params"], told["rows"]) == (("penalty 10", None), (1200, 1200))
    (roc_auc,) = (line for line in found.figures if line.name == "roc_auc")
    assert (roc_auc.std_first, roc_auc.std_second) == (0.01, 0.02)


def test_libraries_features_and_categories_that_differ_are_named() -> None:
    """Each in words, with the version it belongs to."""
    properties = DOCUMENT["properties"]
    narrower = {**properties, "left": {"type": "number", "minimum": 0}, "age": {"type": "integer"}}
    first = manifest("v1", libraries={"numpy": "2.4.6", "onnx": "1.23.2"}, categories={"plan": ["a", "b"]})
    second = manifest(
        "v2",
        libraries={"numpy": "2.4.7", "onnx": "1.23.2"},
        categories={"plan": ["b", "c"]},
        schema={**DOCUMENT, "properties": narrower},
    )
    largest = "3.40282e+38"
    assert compare(first, second).differences == (
        "library numpy: 2.4.6 and 2.4.7",
        f"feature left: number optional from -{largest} to {largest} and number optional from 0 to {largest}",
        "feature age: only in v2",
        "category of plan: a only learned by v1",
        "category of plan: c only learned by v2",
    )


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"training_data": TrainingData(rows=1, positives=1, sha256="x", source="")}, "on different rows"),
        ({"seed": 7}, "on the same rows but other folds"),
        ({"validation": "in time"}, "on the same rows but other folds"),
    ],
)
def test_figures_of_other_rows_or_folds_come_with_a_warning(changes: dict[str, Any], told: str) -> None:
    """Such a difference may be chance."""
    assert told in compare(manifest("v1"), manifest("v2", **changes)).warning


def test_a_schema_that_cannot_be_read_is_one_line() -> None:
    """As of a version from elsewhere."""
    with pytest.raises(RegistryError, match=r"^manifest of model v2: [^\n]+$"):
        compare(manifest("v1"), manifest("v2", schema={"$id": "duel"}))


def test_a_trial_judges_both_graphs_on_the_same_rows() -> None:
    """The figures are those of the scores; decisions are each one's at its own threshold."""
    table = draw(500, seed=3)
    first, second = {"signal": 2.0}, {"signal": 1.0, "left": 1.0}
    known = np.sort(row_fingerprints(table, SCHEMA)[:100])
    trial = run_trial(
        champion(first, known, threshold=0.4), champion(second, known[:0], threshold=0.6), table
    )
    ours, theirs = scores(table, first) >= 0.4, scores(table, second) >= 0.6
    assert (trial.rows, trial.positives) == (500, int(table.labels.sum()))
    assert trial.flagged_by_both == (ours & theirs).sum()
    assert trial.flagged_only_by_first == (ours & ~theirs).sum()
    assert trial.flagged_only_by_second == (~ours & theirs).sum()
    assert (trial.first.flagged, trial.second.flagged) == (ours.sum(), theirs.sum())
    difference = trial.roc_auc_difference
    assert difference.difference == pytest.approx(trial.first.roc_auc - trial.second.roc_auc)
    assert 0 < difference.low < difference.high
    both = np.corrcoef(scores(table, first), scores(table, second))
    assert trial.correlation == pytest.approx(both[0, 1], abs=1e-6)
    assert trial.warnings == ("v1 was trained on 20% of these rows, which flatters it",)


def test_a_trial_takes_versions_without_reasons_and_decides_as_scores_are_stored() -> None:
    """A threshold of six decimals may be a customer's own score, rounded up; that customer is flagged."""
    table = draw(300, seed=3)
    silent = silent_champion(table)
    said = np.sort(score_table(silent.onnx, SCHEMA, table.inputs, has_reasons=False))
    own = next(p for p in said if p.round(6) > p)
    silent = silent._replace(manifest=structs.replace(silent.manifest, threshold=float(own.round(6))))
    trial = run_trial(silent, champion({"signal": 1.0}), table)
    assert trial.first.flagged == (said >= own).sum()
    assert trial.flagged_by_both + trial.flagged_only_by_first == trial.first.flagged


def test_a_version_that_does_not_say_what_it_learned_is_suspected() -> None:
    """Published before rows were kept."""
    table = draw(100, seed=3)
    trial = run_trial(champion({"signal": 1.0}), champion({}), table)
    assert trial.second.learned is None
    assert "does not say which rows it was trained on" in trial.warnings[0]
    assert (trial.correlation, trial.second.roc_auc) == (0.0, 0.5)


def test_the_table_is_read_by_the_schema_that_feeds_both() -> None:
    """Whichever has all features; where neither has, the line names what is missing."""
    properties = DOCUMENT["properties"]
    wider = manifest("v2", schema={**DOCUMENT, "properties": {**properties, "age": {"type": "number"}}})
    other = manifest("v3", schema={**DOCUMENT, "properties": {**properties, "size": {"type": "number"}}})
    for pair in ((manifest("v1"), wider), (wider, manifest("v1"))):
        assert "age" in schema_for_both(*pair).feature_names
    with pytest.raises(
        RegistryError, match="v3 cannot score it: it needs size, which schema duel does not read"
    ):
        schema_for_both(wider, other)
