"""All candidates on the same folds, within a budget, on as many cores as there are."""

from __future__ import annotations

import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from joblib import Parallel, delayed
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from training.evaluation.evaluate import (
    Choice,
    Judged,
    Study,
    assemble,
    choose_params,
    judge_fold,
    judge_vote,
    vote_choice,
)
from training.evaluation.evaluation import Evaluation
from training.models.candidates import VOTE
from training.models.kind import Kind, Params

# Starting workers costs about two seconds, so small comparisons stay in this process.
WORTH_WORKERS_SECONDS = 15.0
UNITS_PER_EFFORT = 10  # progress is counted in whole units

Tell: TypeAlias = Callable[[int, str], None]  # units done since the last time, and what they were


@dataclass(frozen=True, slots=True)
class Task:
    """One outer fold of one candidate, or with `fold` None the choice of its settings on all rows."""

    name: str
    settings: tuple[Params, ...]
    fold: int | None
    units: int


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
    """How long the comparison may take, and what a unit of work has been taking."""

    seconds: float
    started: float = field(default_factory=time.perf_counter)
    seconds_per_unit: float = 0.0

    @property
    def left(self) -> float:
        return self.seconds - (time.perf_counter() - self.started)


def compare(
    study: Study, kinds: Sequence[Kind], *, budget_seconds: float, jobs: int = 0, tell: Tell = lambda *_: None
) -> Comparison:
    """Judge every candidate on every outer fold, simplest first.

    The figures depend on the rows, the seed and the settings tried, never on `jobs` (0: one per core). Where
    the budget runs short a candidate tries fewer of its settings, or is left out; `cuts` says so.
    """
    budget = Budget(budget_seconds)
    comparison = Comparison()
    folds: dict[str, list[Judged]] = {}
    fitted = sorted((kind for kind in kinds if kind.name != VOTE), key=lambda kind: kind.complexity)
    with Workbench(study, jobs, sum(units_of(study, kind, kind.search) for kind in fitted)) as bench:
        for kind in fitted:
            settings = _affordable(study, kind, budget, bench.jobs, comparison)
            if settings:
                folds[kind.name], final = bench.judge(kind, settings, budget, tell)
                evaluation = assemble(study, kind.name, folds[kind.name])
                comparison.compared.append(Compared(kind, evaluation, final))
    for kind in kinds:
        if kind.name == VOTE:
            _add_vote(study, kind, comparison, folds)
    return comparison


def units_of(study: Study, kind: Kind, settings: Sequence[Params]) -> int:
    """The progress units of one candidate: every fit of its outer and inner folds."""
    return (len(study.splits.outer) + 1) * _units_per_task(kind, settings)


def _units_per_task(kind: Kind, settings: Sequence[Params]) -> int:
    return max(1, round(UNITS_PER_EFFORT * kind.effort * (3 * len(settings) + 1)))


def _affordable(
    study: Study, kind: Kind, budget: Budget, jobs: int, comparison: Comparison
) -> tuple[Params, ...]:
    """As many of a candidate's settings as the time left allows; the first candidate gets one at least."""
    for count in range(len(kind.search), 0, -1):
        settings = kind.search[:count]
        if units_of(study, kind, settings) * budget.seconds_per_unit / jobs <= budget.left:
            break
    else:
        if not kind.baseline and any(not each.kind.baseline for each in comparison.compared):
            comparison.cuts.append(
                f"{kind.name}: left out, as the time was up; a larger --budget or fewer --candidates help"
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


class Workbench:
    """Runs tasks on one study, in this process or in several; the results are the same."""

    def __init__(self, study: Study, jobs: int, units: int) -> None:
        self._study = study
        self._units = units
        self.jobs = jobs or os.cpu_count() or 1
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._parallel: Any = None

    def __enter__(self) -> Workbench:
        # 10 units are about one fit of a logistic regression on 7,000 rows, 50 ms.
        estimate = self._units / UNITS_PER_EFFORT * 0.05 * len(self._study.labels) / 7000
        if self.jobs > 1 and estimate > WORTH_WORKERS_SECONDS:
            self._folder = tempfile.TemporaryDirectory(prefix="churn-study-")
            (Path(self._folder.name) / "study").write_bytes(pickle.dumps(self._study))
            self._parallel = Parallel(n_jobs=self.jobs, return_as="generator_unordered", pre_dispatch="all")
            self._parallel.__enter__()
        else:
            self.jobs = 1
        return self

    def __exit__(self, *error: object) -> None:
        if self._parallel is not None:
            self._parallel.__exit__(*error)
        if self._folder is not None:
            self._folder.cleanup()

    def judge(
        self, kind: Kind, settings: tuple[Params, ...], budget: Budget, tell: Tell
    ) -> tuple[list[Judged], Choice]:
        """All outer folds in order, and the choice of settings on all rows."""
        units = _units_per_task(kind, settings)
        folds = [*range(len(self._study.splits.outer)), None]
        done: dict[int | None, Any] = {}
        busy = 0.0
        for fold, result, seconds in self._run([Task(kind.name, settings, fold, units) for fold in folds]):
            done[fold] = result
            busy += seconds
            tell(units, f"comparing {kind.name}")
        budget.seconds_per_unit = max(budget.seconds_per_unit, busy / (units * len(folds)))
        return [done[fold] for fold in folds if fold is not None], done[None]

    def _run(self, tasks: Sequence[Task]) -> Iterator[tuple[int | None, Any, float]]:
        if self._parallel is None:
            for task in tasks:
                yield _timed(self._study, task)
            return
        assert self._folder is not None
        path = str(Path(self._folder.name) / "study")
        yield from self._parallel(delayed(_run_elsewhere)(path, task) for task in tasks)


def _run_elsewhere(path: str, task: Task) -> tuple[int | None, Any, float]:
    return _timed(_load(path), task)


@lru_cache(maxsize=1)
def _load(path: str) -> Study:
    study: Study = pickle.loads(Path(path).read_bytes())  # noqa: S301 - written by this very process's parent
    return study


def _timed(study: Study, task: Task) -> tuple[int | None, Any, float]:
    started = time.perf_counter()
    # Sums in parallel depend on the number of cores, and these tables are too small to gain.
    with threadpool_limits(limits=1):
        result: Judged | Choice
        if task.fold is None:
            rows = np.arange(len(study.labels))
            result = choose_params(study, task.name, task.settings, rows)
        else:
            result = judge_fold(study, task.name, task.settings, study.splits.outer[task.fold])
    return task.fold, result, time.perf_counter() - started
