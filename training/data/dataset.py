"""A labelled table, as model inputs. Rows that could not arrive as events are counted, not trained on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from contract.feature import category_text
from contract.inputs import Inputs, columns_of, to_inputs
from contract.row import RowDecoder, explain
from contract.schema import FeatureSchema
from training.data.cells import read_column
from training.data.source import Chunk, open_csv
from training.errors import DatasetError
from training.wording import counted, listed

ROWS_PER_CHUNK = 50_000  # bounds the memory held as text while reading
MIN_ROWS_PER_CLASS = 5  # one per fold
MAX_CATEGORIES = 200  # per feature; one-hot beyond this is a name or an id, not a category
FIRST_LINES_KEPT = 5


@dataclass(slots=True)
class SkippedRows:
    """Rows left out, by reason: how many, and the first lines (rows in memory count from 1)."""

    count: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    first_lines: dict[str, list[int]] = field(default_factory=dict)

    def add(self, reason: str, line: int) -> None:
        self.count += 1
        self.by_reason[reason] = self.by_reason.get(reason, 0) + 1
        lines = self.first_lines.setdefault(reason, [])
        if len(lines) < FIRST_LINES_KEPT:
            lines.append(line)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to train on.

    `inputs` is what the graph takes (contract/inputs.py), `labels` int8 of shape (n,) with 1 for the positive
    value, `ids` the customers in the same order. Guaranteed: both labels, at least 5 rows of each.
    """

    source: str
    inputs: Inputs
    labels: NDArray[np.int8]
    ids: tuple[str, ...]
    skipped: SkippedRows

    @property
    def rows(self) -> int:
        return len(self.labels)


def read_table(source: str | Path, schema: FeatureSchema) -> Table:
    """Read a CSV file or http(s) URL.

    Raises DatasetError with one line for anything that cannot be trained on.
    """
    name = str(source)
    wanted = (*schema.feature_names, schema.id_column, schema.label_column)
    with open_csv(source) as csv:
        _require_columns(csv.header, schema, name)
        return _build(csv.chunks(wanted, ROWS_PER_CHUNK), schema, name)


def table_from_rows(rows: Iterable[Mapping[str, object]], schema: FeatureSchema, source_name: str) -> Table:
    """Build a table from rows in memory: text or typed cells, by column name. Raises DatasetError."""
    return _build(_column_chunks(rows, schema, source_name), schema, source_name)


def _column_chunks(rows: Iterable[Mapping[str, object]], schema: FeatureSchema, name: str) -> Iterator[Chunk]:
    iterator = iter(rows)
    wanted = (*schema.feature_names, schema.id_column, schema.label_column)
    number = 1
    while chunk := list(islice(iterator, ROWS_PER_CHUNK)):
        if number == 1:
            _require_columns(list(dict.fromkeys(key for row in chunk for key in row)), schema, name)
        columns = {column: [row.get(column) for row in chunk] for column in wanted}
        yield Chunk(columns, range(number, number + len(chunk)))
        number += len(chunk)


def _require_columns(found: Sequence[str], schema: FeatureSchema, name: str) -> None:
    """An optional feature may have no column, as in an event; without any the table is another's."""
    required = [feature.name for feature in schema.features if feature.required]
    if not set(schema.feature_names) & set(found):
        required = list(schema.feature_names)
    needed = {"id": [schema.id_column], "label": [schema.label_column], "feature": required}
    missing = [
        f"{kind} {', '.join(absent)}"
        for kind, columns in needed.items()
        if (absent := [column for column in columns if column not in found])
    ]
    if missing:
        raise DatasetError(
            f"{name}: no column for {'; '.join(missing)} (schema {schema.name}); found: {listed(found)}. "
            "Rename the columns, or draft a schema for this table with `churn schema infer`"
        )


def _build(chunks: Iterable[Chunk], schema: FeatureSchema, name: str) -> Table:
    skipped = SkippedRows()
    judge = RowDecoder(schema).struct
    parts: list[Inputs] = []
    labels: list[str] = []
    ids: list[str] = []
    for chunk in chunks:
        for line, reason in chunk.irregular:
            skipped.add(reason, line)
        kept = _keep_valid(chunk, schema, judge, skipped)
        ids += [customer for customer, _, _ in kept]
        labels += [label for _, label, _ in kept]
        parts.append(to_inputs(columns_of((row for _, _, row in kept), schema), schema))
    if not parts:
        raise DatasetError(f"{name}: a header and no rows; expected one labelled customer per line")
    inputs = {key: np.concatenate([part[key] for part in parts]) for key in schema.feature_names}
    _check_categories(inputs, schema, name)
    return Table(name, inputs, _binary(labels, schema, name, skipped), tuple(ids), skipped)


def _keep_valid(
    chunk: Chunk, schema: FeatureSchema, judge: type[Any], skipped: SkippedRows
) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Each row as (customer, label, values), if an event decoder would accept it and it has a label."""
    columns = [read_column(feature, chunk.columns[feature.name]) for feature in schema.features]
    names = schema.feature_names
    kept = []
    heads = zip(chunk.lines, chunk.columns[schema.id_column], chunk.columns[schema.label_column], strict=True)
    for (line, customer, label), *values in zip(heads, *columns, strict=True):
        label_text = _label_text(label)
        if not label_text:
            skipped.add(f"{schema.label_column}: blank label", line)
            continue
        data = {k: v for k, v in zip(names, values, strict=True) if v is not None}
        try:
            row = msgspec.convert(data, judge)
        except msgspec.ValidationError as error:
            skipped.add(explain(_at_data(str(error))).reason, line)
            continue
        kept.append((str(customer).strip(), label_text, msgspec.structs.astuple(row)))
    return kept


def _at_data(message: str) -> str:
    """A message about a bare row, as if the row were an event's `data`."""
    return message.replace("- at `$", "- at `$.data", 1)


def _label_text(value: object) -> str:
    """A label in the spelling of `category_text`; 1.0 and "1.0" are 1, None and NaN are blank."""
    if value is None or value != value:
        return ""
    text = category_text(value.item() if hasattr(value, "item") else value).strip()
    return text.removesuffix(".0")


def _binary(labels: list[str], schema: FeatureSchema, name: str, skipped: SkippedRows) -> NDArray[np.int8]:
    values = sorted(set(labels))
    where = f"{name}: label {schema.label_column}"
    if not values:
        reasons = "; ".join(list(skipped.by_reason)[:3])
        raise DatasetError(f"{name}: no row of {skipped.count} can be trained on ({reasons})")
    if len(values) != 2:
        found = counted(len(values), "value", "different values")
        raise DatasetError(f"{where} holds {found} ({listed(values)}); expected exactly two")
    churned = _label_text(schema.label_positive)
    if churned not in values:
        raise DatasetError(
            f"{where} holds {values[0]!r} and {values[1]!r}, but the schema's x-label-positive is "
            f"{schema.label_positive!r}; set it to the value that means churned"
        )
    positive = np.array([label == churned for label in labels], dtype=np.int8)
    smaller = min(int(positive.sum()), len(labels) - int(positive.sum()))
    if smaller < MIN_ROWS_PER_CLASS:
        raise DatasetError(
            f"{where}: only {smaller} of {len(labels)} rows in the smaller class; "
            f"expected at least {MIN_ROWS_PER_CLASS}, so that each fold has one. Add rows"
        )
    return positive


def _check_categories(inputs: Inputs, schema: FeatureSchema, name: str) -> None:
    for feature in schema.categorical:
        distinct = len(set(inputs[feature.name][:, 0]))
        if distinct > MAX_CATEGORIES:
            raise DatasetError(
                f"{name}: column {feature.name} holds {distinct} different categories, at most "
                f"{MAX_CATEGORIES} expected; group the rare ones, or leave it out of the schema"
            )
