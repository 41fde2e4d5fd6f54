"""Chunks of a table become arrays: judged, sampled, and refused where nothing can be learned from them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contract.inputs import Inputs, to_inputs
from contract.schema import FeatureSchema
from training.data.cells import cell_text, pick, text_array
from training.data.classes import MIN_ROWS_PER_CLASS, require_both_classes, require_two_labels
from training.data.reservoir import Positions, Reservoir
from training.data.rows import JudgedRows, RowJudge
from training.data.skipped import SkippedRows
from training.data.source import Chunk
from training.data.times import TimeReader, are_dates, is_date
from training.errors import DatasetError
from training.wording import quoted

MAX_CATEGORIES = 200  # per feature; one-hot beyond this is a name or an id, not a category
REASONS_SHOWN = 3

# What an array of the sample holds: its kind, and the column's name where there are several of that kind.
_Key: TypeAlias = tuple[str, str]
_LABEL, _ID, _GROUP, _TIME = ("label", ""), ("id", ""), ("group", ""), ("time", "")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read of a table; `name` is what messages call it."""

    name: str
    schema: FeatureSchema
    group: str | None
    time: str | None
    extras: tuple[str, ...]
    max_rows: int
    seed: int

    def __post_init__(self) -> None:
        if self.max_rows < 2 * MIN_ROWS_PER_CLASS:
            raise DatasetError(
                f"at most {self.max_rows} rows asked for (--max-rows), at least {2 * MIN_ROWS_PER_CLASS} "
                "needed to train and judge a model"
            )

    @property
    def asked_for(self) -> list[tuple[str, str]]:
        """(purpose, column) of the columns beyond the schema's."""
        asked = [("to group rows by", self.group), ("to order rows in time by", self.time)]
        asked += [("to look at parts of the table by", column) for column in self.extras]
        return [(purpose, column) for purpose, column in asked if column is not None]

    @property
    def columns(self) -> tuple[str, ...]:
        own = (*self.schema.feature_names, self.schema.id_column, self.schema.label_column)
        return tuple(dict.fromkeys([*own, *(column for _, column in self.asked_for)]))


@dataclass(frozen=True, slots=True)
class Gathered:
    """The arrays of a table; see training.data.dataset.Table."""

    inputs: Inputs
    labels: NDArray[np.int8]
    ids: tuple[str, ...]
    skipped: SkippedRows
    groups: NDArray[np.object_] | None
    times: NDArray[np.float64] | None
    extras: dict[str, NDArray[np.object_]]
    total_rows: int


class Gatherer:
    """Takes in chunk after chunk, keeping at most a sample. Raises DatasetError as soon as one is certain."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._judge = RowJudge(wanted.schema)
        self._times = TimeReader()
        self._sample: Reservoir[_Key] = Reservoir(wanted.max_rows, wanted.seed)
        self._labels: Counter[str] = Counter()
        self._categories: dict[str, set[Any]] = {f.name: set() for f in wanted.schema.categorical}
        self._untimed = 0
        self._first_untimed = ""
        self._skipped = SkippedRows()
        self._rows = 0

    def add(self, chunk: Chunk) -> None:
        """Take in the next rows."""
        self._rows += len(chunk.lines) + len(chunk.irregular)
        judged = self._judge.judge(chunk, self._skipped)
        accepted, times = self._with_time(chunk, judged.accepted)
        self._labels.update(pick(judged.labels, accepted))
        if len(self._labels) > 2:
            require_two_labels(self._labels, self._wanted.schema, self._wanted.name)
        self._require_categories(judged, accepted)
        self._sample.offer(
            len(accepted), lambda chosen: self._arrays(chunk, judged, accepted[chosen], times[chosen])
        )

    def finish(self) -> Gathered:
        """The table's arrays."""
        wanted = self._wanted
        if not self._rows:
            raise DatasetError(
                f"{wanted.name}: a header and no rows; expected one labelled customer per line"
            )
        self._require_times()
        if not self._labels:
            raise DatasetError(
                f"{wanted.name}: no row of {self._rows:,} can be trained on ({_reasons(self._skipped)})"
            )
        positive = require_two_labels(self._labels, wanted.schema, wanted.name)
        arrays = self._sample.columns()
        inputs = {feature: arrays["input", feature] for feature in wanted.schema.feature_names}
        labels = (arrays[_LABEL] == positive).astype(np.int8)
        require_both_classes(labels, positive, wanted.schema, wanted.name)
        return Gathered(
            inputs=inputs,
            labels=labels,
            ids=tuple(arrays[_ID].tolist()),
            skipped=self._skipped,
            groups=arrays.get(_GROUP),
            times=arrays[_TIME] if wanted.time else None,
            extras={column: arrays["extra", column] for column in wanted.extras},
            total_rows=self._sample.seen,
        )

    def _with_time(self, chunk: Chunk, accepted: Positions) -> tuple[Positions, NDArray[np.float64]]:
        """The rows that can be put in order, with their times; without a time column all, at time 0."""
        column = self._wanted.time
        if column is None:
            return accepted, np.zeros(len(accepted))
        known, times = [], []
        for row in accepted.tolist():
            cell = chunk.columns[column][row]
            seconds = self._times.read(cell)
            if seconds is None:
                self._untimed += 1
                self._first_untimed = self._first_untimed or str(cell)
                self._skipped.add(f"{column}: expected {self._times.expected}", chunk.lines[row], cell)
            else:
                known.append(row)
                times.append(seconds)
        return np.array(known, dtype=np.int64), np.array(times, dtype=np.float64)

    def _arrays(
        self, chunk: Chunk, judged: JudgedRows, rows: Positions, times: NDArray[np.float64]
    ) -> dict[_Key, NDArray[Any]]:
        wanted, cells = self._wanted, chunk.columns
        inputs = to_inputs(
            {name: pick(values, rows) for name, values in judged.values.items()}, wanted.schema
        )
        arrays: dict[_Key, NDArray[Any]] = {("input", name): array for name, array in inputs.items()}
        arrays[_LABEL] = text_array(pick(judged.labels, rows))
        arrays[_ID] = text_array([str(cell).strip() for cell in pick(cells[wanted.schema.id_column], rows)])
        arrays[_TIME] = times
        for column in wanted.extras:
            arrays["extra", column] = text_array([cell_text(cell) for cell in pick(cells[column], rows)])
        if wanted.group is not None:
            groups = zip(pick(cells[wanted.group], rows), pick(chunk.lines, rows), strict=True)
            arrays[_GROUP] = text_array([cell_text(cell) or f"\0{line}" for cell, line in groups])
        return arrays

    def _require_times(self) -> None:
        if self._untimed > sum(self._labels.values()):
            raise DatasetError(
                f"{self._wanted.name}: column {self._wanted.time} cannot put rows in order: "
                f"{self._untimed:,} cells are like {quoted(self._first_untimed)}, "
                f"expected {self._times.expected}; convert them, or name another column"
            )

    def _require_categories(self, judged: JudgedRows, accepted: Positions) -> None:
        for name, known in self._categories.items():
            known.update(pick(judged.values[name], accepted))
            if len(known) > MAX_CATEGORIES:
                dates = are_dates([text for text in known if isinstance(text, str)])
                raise DatasetError(
                    f"{self._wanted.name}: column {name} holds {len(known):,} different "
                    f"{'dates' if dates else 'categories'} in {sum(self._labels.values()):,} rows, at most "
                    f"{MAX_CATEGORIES} categories expected; "
                    f"{'turn it into a number such as days since' if dates else 'group the rare ones'}, "
                    "or leave it out of the schema"
                )


def _reasons(skipped: SkippedRows) -> str:
    """The first reasons, each with a cell that is at fault."""
    shown = []
    for reason in list(skipped.by_reason)[:REASONS_SHOWN]:
        example = skipped.examples[reason]
        hint = ", a date: turn it into a number such as days since" if is_date(example) else ""
        shown.append(f"{reason}, as in {quoted(example)}{hint}" if example.strip() else reason)
    return "; ".join(shown)
