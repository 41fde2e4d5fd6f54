"""Which candidates may be chosen: those whose graph is proved, and that can say why."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from tests.training.export.damage import broken, leaf_weight_changed
from tests.training.tables import SHOP, shop_table
from training.data import splits
from training.errors import CandidateError, QualityError
from training.export import parity, proof
from training.export.export import Exported, export
from training.result import TrainedModel
from training.workflow import train


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many folds and fuzz rows as make a test fast."""
    monkeypatch.setattr(splits, "REPEATS", 1)
    monkeypatch.setattr(parity, "FUZZ_ROWS", 500)


def trained_on(*candidates: str, rows: int = 120, **settings: Any) -> TrainedModel:
    return train(shop_table(rows), SHOP, candidates=candidates, jobs=1, **settings)


def test_a_candidate_without_reasons_is_compared_but_not_chosen() -> None:
    """It stays in the table with its figures and with why not."""
    model = trained_on("logistic", "neural_net")
    net = next(each for each in model.manifest.candidates if each.name == "neural_net")
    assert (model.manifest.chosen, model.manifest.has_reasons) == ("logistic", True)
    assert not net.eligible
    assert "gives no reasons" in net.not_eligible_because
    assert net.t is not None


def test_alone_it_is_refused_in_a_line_that_names_the_way_out() -> None:
    """Nothing is left to be chosen."""
    with pytest.raises(CandidateError, match=r"^no candidate can be chosen \(neural_net: [^\n]*--no-reasons"):
        trained_on("neural_net", budget_minutes=0)


def test_it_may_win_where_no_reasons_are_asked_for() -> None:
    """Its graph passes the same gate."""
    model = trained_on("neural_net", allow_no_reasons=True, budget_minutes=0)
    assert (model.manifest.chosen, model.manifest.has_reasons) == ("neural_net", False)
    assert model.manifest.parity_max_abs_diff <= 1e-6


def test_what_the_budget_cut_short_is_a_finding() -> None:
    """One that does not stop a strict training: the table is not to blame."""
    model = trained_on("logistic", budget_minutes=0)
    (cut,) = (finding for finding in model.findings if finding.check == "budget")
    assert cut.message.startswith("logistic: 1 of 3 settings tried")
    assert not cut.strict


def test_progress_leaves_out_what_the_budget_cut() -> None:
    """The bar gets to its end by work that was done, so that the time left means something."""
    steps: list[tuple[int, int, str]] = []
    trained_on("logistic", "random_forest", budget_minutes=0, on_progress=lambda *step: steps.append(step))
    (done, total, _), last = steps[-2:]
    assert total - done == 1  # choosing
    assert last == (total, total, "chose logistic")


def _damage_trees(pipeline: Any, *given: Any, **settings: Any) -> Exported:
    exported = export(pipeline, *given, **settings)
    if "tree" not in type(pipeline[-1]).__name__.lower():
        return exported
    return dataclasses.replace(exported, onnx=broken(exported.onnx, leaf_weight_changed))


def test_a_candidate_whose_graph_is_off_is_reported_and_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the gate found; its graph goes nowhere."""
    monkeypatch.setattr(proof, "export", _damage_trees)
    model = trained_on("logistic", "decision_tree", rows=300)
    tree = next(each for each in model.manifest.candidates if each.name == "decision_tree")
    assert (model.manifest.chosen, list(model.graphs)) == ("logistic", ["logistic"])
    assert not tree.eligible
    assert tree.not_eligible_because.startswith("parity: ")
    assert tree.parity_max_abs_diff is None
    with pytest.raises(CandidateError, match=r"decision_tree: parity: [^\n]*nothing was published"):
        trained_on("decision_tree", rows=300, budget_minutes=0)


def test_strict_refuses_before_anything_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has a line per finding."""
    monkeypatch.setattr("training.workflow.compare", None)
    table = shop_table(120)
    leak = dataclasses.replace(
        table, inputs={**table.inputs, "months": table.labels.astype("float32")[:, None]}
    )
    with pytest.raises(QualityError, match="under --strict") as caught:
        train(leak, SHOP, candidates=["logistic"], strict=True)
    assert any(message.startswith("months: ") for message in caught.value.messages)
