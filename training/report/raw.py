"""A table as it came, before anybody has said what its columns mean."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from contract.feature import FLOAT32_MAX, Feature
from contract.schema import FeatureSchema
from training.data.cells import read_column
from training.data.columns import Column
from training.data.infer import ID_NAME, MAX_CATEGORIES, ROW_NUMBER_NAME
from training.data.reservoir import Positions, Reservoir
from training.data.source import open_csv
from training.data.times import are_dates
from training.errors import DatasetError
from training.report.raw_label import Label, find_label
from training.wording import listed

ROWS_PER_CHUNK = 50_000  # bounds the memory held as text while reading
MAX_ROWS = 200_000  # more say the same

Kind: TypeAlias = Literal["number", "category", "identifier", "date", "text", "empty"]

NUMBER = Feature(name="", json_type="number", required=False)


@dataclass(frozen=True, slots=True)
class RawColumn:
    """One column of the sample. `values` are float64 with NaN, or text with "" where blank or unreadable.

    `unreadable` counts cells that are no numbers in a column of numbers.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    missing: int
    unreadable: int
    distinct: int

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which rows hold a value."""
        held = ~np.isnan(self.values) if self.kind == "number" else self.values != ""
        return np.asarray(held, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class RawTable:
    """A sample of a CSV: every column but the label, in the file's order.

    `label` is None where there is none; `note` then says why. `total_rows` were read, and `irregular` lines
    were no rows. `id_column` is the schema's, or the first identifier.
    """

    source: str
    rows: int
    total_rows: int
    irregular: int
    columns: tuple[RawColumn, ...]
    label: Label | None
    note: str
    id_column: str

    def of_kind(self, *kinds: Kind) -> list[RawColumn]:
        """The columns of some kinds."""
        return [column for column in self.columns if column.kind in kinds]


def read_raw(
    source: str | Path,
    schema: FeatureSchema | None = None,
    *,
    label_column: str | None = None,
    positive: str | None = None,
    max_rows: int = MAX_ROWS,
    seed: int = 0,
) -> RawTable:
    """Read a CSV file or URL; of more than `max_rows` rows a random sample.

    What columns are is the schema's word where there is one, else read off the cells. Raises DatasetError for
    a file that cannot be read, and where the schema or `label_column` names what is not there.
    """
    name = str(source)
    sample: Reservoir[str] = Reservoir(max_rows, seed)
    irregular = 0
    with open_csv(source) as csv:
        header = csv.header
        for chunk in csv.chunks(header, ROWS_PER_CHUNK):
            irregular += len(chunk.irregular)
            cells = chunk.columns
            sample.offer(
                len(chunk.lines),
                lambda chosen, cells=cells: {key: _texts(cells[key], chosen) for key in header},  # type: ignore[misc]
            )
    if not sample.seen:
        raise DatasetError(f"{name}: a header and no rows; expected one customer per line")
    texts = sample.columns()
    facts = [_gather(key, texts[key]) for key in header]
    label, note = find_label(facts, texts, schema, label_column, positive, name)
    features = {feature.name: feature for feature in schema.features} if schema else {}
    if schema is not None and not features.keys() & set(header):
        raise DatasetError(
            f"{name}: none of the columns of schema {schema.name} is there; found: {listed(header)}. "
            "Leave --schema out, or give the one that goes with this table"
        )
    columns = [
        _column(each, texts[each.name], features.get(each.name), schema)
        for each in facts
        if label is None or each.name != label.column
    ]
    return RawTable(
        source=name,
        rows=len(texts[header[0]]),
        total_rows=sample.seen,
        irregular=irregular,
        columns=tuple(columns),
        label=label,
        note=note,
        id_column=_id_column(columns, schema),
    )


def _texts(cells: Sequence[str], chosen: Positions) -> NDArray[np.object_]:
    array = np.empty(len(chosen), dtype=object)
    array[:] = [cells[row].strip() for row in chosen.tolist()]
    return array


def _gather(name: str, texts: NDArray[np.object_]) -> Column:
    column = Column(name)
    column.add(texts.tolist())
    return column


def _column(
    facts: Column, texts: NDArray[np.object_], feature: Feature | None, schema: FeatureSchema | None
) -> RawColumn:
    kind = _kind(facts)
    if feature is not None and facts.texts:
        kind = "category" if feature.is_categorical else "number"
    if schema is not None and facts.name == schema.id_column:
        kind = "identifier"
    column = RawColumn(facts.name, kind, texts, facts.blank, 0, len(facts.texts))
    if kind != "number":
        return column
    numbers = np.array([_finite(cell) for cell in read_column(NUMBER, texts.tolist())])
    unreadable = int(np.isnan(numbers).sum()) - facts.blank
    return replace(column, values=numbers, unreadable=unreadable, distinct=len(facts.numbers))


def _finite(cell: object) -> float:
    """A number that a model could take: float32 holds no larger one."""
    return cell if isinstance(cell, float) and abs(cell) <= FLOAT32_MAX else math.nan


def _kind(facts: Column) -> Kind:
    if not facts.texts:
        return "empty"
    few = len(facts.texts) <= 2
    if facts.is_boolean or (few and len(facts.texts) < facts.present):
        return "category"
    if facts.is_numeric:
        named = ROW_NUMBER_NAME.match(facts.name) or ID_NAME.search(facts.name)
        return "identifier" if facts.is_integer and facts.is_unique and named else "number"
    if are_dates(sorted(facts.texts)[:1000]):
        return "date"
    if len(facts.texts) <= MAX_CATEGORIES and not facts.is_unique:
        return "category"
    mostly_distinct = len(facts.texts) > 0.9 * facts.present
    return "identifier" if facts.is_unique or (mostly_distinct and ID_NAME.search(facts.name)) else "text"


def _id_column(columns: Sequence[RawColumn], schema: FeatureSchema | None) -> str:
    names = [column.name for column in columns if column.kind == "identifier"]
    if schema is not None and schema.id_column in names:
        return schema.id_column
    # "RowNumber" is unique and ends in "number", but "CustomerId" beside it is what is meant.
    names.sort(key=lambda name: (not ID_NAME.search(name), bool(re.match(r"(?i)row|index|unnamed", name))))
    return names[0] if names else ""
