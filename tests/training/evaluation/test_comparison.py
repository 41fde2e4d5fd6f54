"""The comparison: the same figures on any number of cores, and nothing left out without a word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.training.evaluation.studies import first_folds
from training.evaluation import workbench
from training.evaluation.comparison import Budget, Comparison, _affordable, compare
from training.evaluation.evaluate import Study
from training.evaluation.workbench import units_of
from training.models.candidates import select


def test_the_figures_do_not_depend_on_the_number_of_processes(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two processes and one give the same, to the last digit."""
    started: list[int] = []

    class Counted(workbench.Parallel):  # type: ignore[misc]
        def __enter__(self) -> Any:
            started.append(self.n_jobs)
            return super().__enter__()

    monkeypatch.setattr(workbench, "Parallel", Counted)
    kinds = select(["logistic", "decision_tree"])
    slow = [replace(kind, effort=kind.effort * 1e6) for kind in kinds]  # so that workers are worth it
    few = first_folds(study, 3)
    alone = compare(few, slow, budget_seconds=1e9, jobs=1)
    together = compare(few, slow, budget_seconds=1e9, jobs=2)
    assert started == [2]
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
