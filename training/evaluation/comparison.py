"""All candidates on the same folds, within a budget, on as many cores as there are."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from training.evaluation.evaluate import Choice, Judged, Study, assemble, judge_vote, time_fit, vote_choice
from training.evaluation.evaluation import Evaluation
from training.evaluation.workbench import Tell, Workbench, fits_per_task, units_of
from training.models.candidates import VOTE
from training.models.kind import Kind, Params
from training.models.one_thread import one_thread


@dataclass(slots=True)
class Compared:
    """One candidate's evaluation, and the settings that it takes when fitted on all rows."""

    kind: Kind
    evaluation: Evaluation
    final: Choice


@dataclass(slots=True)
class Comparison:
    """Every candidate that was compared, in order. `cuts` says in words what the budget left out."""

    compared: list[Compared] = field(default_factory=list)
    cuts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Budget:
    """How long the comparison may take; `expected` and `taken` are seconds of work that is done."""

    seconds: float
    started: float = field(default_factory=time.perf_counter)
    expected: float = 0.0
    taken: float = 0.0

    @property
    def left(self) -> float:
        return self.seconds - (time.perf_counter() - self.started)

    def note(self, expected: float, taken: float) -> None:
        """Remember how long work took that was expected to take so long."""
        if math.isfinite(expected):
            self.expected += expected
            self.taken += taken

    @property
    def slowdown(self) -> float:
        """By how much work has been taking longer than expected."""
        return max(1.0, self.taken / self.expected) if self.expected else 1.0


def compare(
    study: Study,
    kinds: Sequence[Kind],
    *,
    budget_seconds: float,
    jobs: int = 0,
    tell: Tell = lambda *_: None,
    forgo: Callable[[Kind, int], None] = lambda *_: None,
) -> Comparison:
    """Judge every candidate on every outer fold, simplest first.

    The figures depend on the rows, the seed and the settings tried, never on `jobs` (0: one per core). Where
    the budget runs short a candidate tries fewer of its settings, or is left out; `cuts` says so, and
    `forgo(kind, units)` is told of the units of work that will therefore not be done.
    """
    budget = Budget(budget_seconds)
    comparison = Comparison()
    folds: dict[str, list[Judged]] = {}
    fitted = sorted((kind for kind in kinds if kind.name != VOTE), key=lambda kind: kind.complexity)
    with Workbench(study, jobs, sum(units_of(study, kind, kind.search) for kind in fitted)) as bench:
        for kind in fitted:
            fit_seconds = _fit_seconds(study, kind, budget)
            settings = _affordable(study, kind, fit_seconds, budget, bench.jobs, comparison)
            if len(settings) < len(kind.search):
                planned = units_of(study, kind, kind.search)
                forgo(kind, planned - units_of(study, kind, settings) if settings else planned)
            if settings:
                folds[kind.name], final, seconds = bench.judge(kind, settings, tell)
                budget.note(fit_seconds * fits_per_task(settings) * (len(study.splits.outer) + 1), seconds)
                evaluation = assemble(study, kind.name, folds[kind.name])
                comparison.compared.append(Compared(kind, evaluation, final))
    for kind in kinds:
        if kind.name == VOTE:
            _add_vote(study, kind, comparison, folds)
    return comparison


def _fit_seconds(study: Study, kind: Kind, budget: Budget) -> float:
    """Of one fit. It is measured, as on a table of many categories `effort` is off by ten times and more."""
    if budget.left <= 0:
        return math.inf
    with one_thread():
        return time_fit(study, kind.name, kind.search[0])


def _affordable(
    study: Study, kind: Kind, fit_seconds: float, budget: Budget, jobs: int, comparison: Comparison
) -> tuple[Params, ...]:
    """As many of a candidate's settings as the time left allows; the first candidate gets one at least."""
    rounds = math.ceil((len(study.splits.outer) + 1) / jobs)
    for count in range(len(kind.search), 0, -1):
        settings = kind.search[:count]
        if fit_seconds * budget.slowdown * fits_per_task(settings) * rounds <= budget.left:
            break
    else:
        if not kind.baseline and any(not each.kind.baseline for each in comparison.compared):
            comparison.cuts.append(
                f"{kind.name}: left out, as too little time was left; a larger --budget or fewer "
                "--candidates help"
            )
            return ()
        settings = kind.search[:1]
    if len(settings) < len(kind.search):
        tried = f"{len(settings)} of {len(kind.search)} settings tried"
        comparison.cuts.append(f"{kind.name}: {tried}; a larger --budget tries all")
    return settings


def _add_vote(study: Study, kind: Kind, comparison: Comparison, folds: dict[str, list[Judged]]) -> None:
    members = [c for c in comparison.compared if c.kind.family in ("linear", "tree") and not c.kind.baseline]
    if {c.kind.family for c in members} != {"linear", "tree"}:
        comparison.cuts.append(f"{kind.name}: left out, as it needs a linear and a tree candidate")
        return
    judged = [
        judge_vote([(c.kind, folds[c.kind.name][i]) for c in members]) for i in range(len(study.splits.outer))
    ]
    final = vote_choice([(c.kind, c.final) for c in members])
    comparison.compared.append(Compared(kind, assemble(study, kind.name, judged), final))
