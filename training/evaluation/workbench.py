"""Work on the folds of one candidate, in this process or in several."""

from __future__ import annotations

import os
import pickle
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from joblib import Parallel, delayed

from training.data.splits import INNER_FOLDS
from training.evaluation.evaluate import Choice, Judged, Study, choose_params, judge_fold
from training.models.kind import Kind, Params
from training.models.one_thread import one_thread

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


def units_of(study: Study, kind: Kind, settings: Sequence[Params]) -> int:
    """The progress units of one candidate: every fit of its outer and inner folds."""
    return (len(study.splits.outer) + 1) * units_per_task(kind, settings)


def units_per_task(kind: Kind, settings: Sequence[Params]) -> int:
    """The progress units of one task."""
    return max(1, round(UNITS_PER_EFFORT * kind.effort * fits_per_task(settings)))


def fits_per_task(settings: Sequence[Params]) -> int:
    """Of the inner folds, and the one that is judged."""
    return INNER_FOLDS * len(settings) + 1


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
        self, kind: Kind, settings: tuple[Params, ...], tell: Tell
    ) -> tuple[list[Judged], Choice, float]:
        """All outer folds in order, the choice of settings on all rows, and the seconds of work in both."""
        units = units_per_task(kind, settings)
        folds = [*range(len(self._study.splits.outer)), None]
        done: dict[int | None, Any] = {}
        busy = 0.0
        for fold, result, seconds in self._run([Task(kind.name, settings, fold, units) for fold in folds]):
            done[fold] = result
            busy += seconds
            tell(units, f"comparing {kind.name}")
        return [done[fold] for fold in folds if fold is not None], done[None], busy

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
    with one_thread():
        result: Judged | Choice
        if task.fold is None:
            rows = np.arange(len(study.labels))
            result = choose_params(study, task.name, task.settings, rows)
        else:
            result = judge_fold(study, task.name, task.settings, study.splits.outer[task.fold])
    return task.fold, result, time.perf_counter() - started
