"""A first draft of a feature schema, from a table. A person reads and mends it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.feature import is_feature_name
from contract.schema import NAME_PATTERN, built_in_schemas
from training.data.columns import Column, gather_columns
from training.data.dataset import ROWS_PER_CHUNK
from training.data.label import guess_label, positive_value
from training.data.source import open_csv
from training.data.times import are_dates
from training.errors import DatasetError
from training.wording import counted, listed, printable, quoted

MAX_CATEGORIES = 50  # more distinct texts than this are names, places or dates
MAX_NAME_CHARS = 20
BUILT_IN_SUFFIX = "-own"  # a stack of that name would be taken for the built-in problem's
ID_NAME = re.compile(r"(?:^|[_\W]|[a-z])(?:id|ID|Id|key|no)$|(?i:num(?:ber)?)$")
ROW_NUMBER_NAME = re.compile(r"(?i)^(?:unnamed.*|index|row.?(?:number|no|id)?|.*_?id)$")


@dataclass(slots=True)
class SchemaDraft:
    """A JSON Schema document that contract.schema.parse_schema takes, and remarks, one line each."""

    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def infer_schema(
    path: str | Path,
    *,
    id_column: str | None = None,
    label_column: str | None = None,
    positive: str | None = None,
) -> SchemaDraft:
    """Draft a schema from a CSV file or URL; `positive` is the label's value that means churned.

    Raises DatasetError where the table cannot be read, or the id column, the label column or its positive
    value can be neither found nor is told.
    """
    name = str(path)
    columns, irregular = _read(path)
    label = _find(columns, label_column, guess_label(columns), "label", name)
    customer = _find(columns, id_column, _guess_id(columns, label), "id", name)
    _check_distinct(label, customer, name)
    churned = positive_value(label, positive, name)
    draft = SchemaDraft(_frame(name, customer, label, churned))
    draft.notes += _remarks(draft.document, customer, label, irregular)
    for column in columns:
        if column not in (label, customer):
            _add_feature(draft, column)
    if not draft.document["properties"]:
        raise DatasetError(f"{name}: no column is left that could be a feature ({'; '.join(draft.notes)})")
    return draft


def _check_distinct(label: Column, customer: Column, name: str) -> None:
    if customer is label:
        raise DatasetError(
            f"{name}: {printable(label.name)} cannot be both the label and the id; "
            "name the other with --label-column or --id-column"
        )


def _read(path: str | Path) -> tuple[list[Column], int]:
    """Every column, and how many rows were none."""
    with open_csv(path) as csv:
        columns, irregular = gather_columns(csv.header, csv.chunks(csv.header, ROWS_PER_CHUNK))
    if not columns[0].rows:
        raise DatasetError(f"{path}: a header and no rows; a schema is drafted from what rows hold")
    return columns, irregular


def _remarks(document: dict[str, Any], customer: Column, label: Column, irregular: int) -> Iterator[str]:
    yield f"label {printable(label.name)}: {quoted(document['x-label-positive'])} is taken to mean churned"
    if not customer.is_unique:
        yield (
            f"id {printable(customer.name)}: {counted(customer.rows, 'row')}, but only "
            f"{counted(len(customer.texts), 'different value')}; expected one row per customer"
        )
    if irregular:
        yield f"{counted(irregular, 'row')} left out, of another width than the header or not CSV"
    if document["$id"].removesuffix(BUILT_IN_SUFFIX) in built_in_schemas():
        yield f"$id {document['$id']}: the name without {BUILT_IN_SUFFIX} is a built-in schema's"


def _frame(name: str, customer: Column, label: Column, positive: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": _schema_name(name),
        "type": "object",
        "x-id": customer.name,
        "x-label": label.name,
        "x-label-positive": positive,
        "properties": {},
        "required": [],
    }


def _schema_name(name: str) -> str:
    """The file's name in the letters that stack names allow."""
    stem = name.rstrip("/").rpartition("/")[2].partition(".")[0].lower()
    text = re.sub(r"[^a-z0-9]+", "-", stem).lstrip("-0123456789")[:MAX_NAME_CHARS].strip("-")
    if text in built_in_schemas():
        return text + BUILT_IN_SUFFIX
    return text if NAME_PATTERN.fullmatch(text) else "table"


def _find(columns: Sequence[Column], told: str | None, guess: Column | None, what: str, name: str) -> Column:
    if told is not None:
        found = next((column for column in columns if column.name == told.strip()), None)
        if found is None:
            names = listed([column.name for column in columns])
            raise DatasetError(f"{name}: no column {quoted(told)} for the {what}; found: {names}")
        return found
    if guess is None:
        expected = {
            "label": "two-valued column named like churn",
            "id": "column unique to each row and named like an id",
        }[what]
        raise DatasetError(f"{name}: no {expected} found; name the {what} column with --{what}-column")
    return guess


def _guess_id(columns: Sequence[Column], label: Column) -> Column | None:
    """A unique column named like an id; else the first unique one that is not a number."""
    unique = [column for column in columns if column.is_unique and column.name and column is not label]
    named = [column for column in unique if ID_NAME.search(column.name)]
    # "RowNumber" is unique and ends in "number", but "CustomerId" beside it is what is meant.
    named.sort(key=lambda column: bool(re.match(r"(?i)row|index|unnamed", column.name)))
    texts = [column for column in unique if not column.is_numeric]
    return next(iter([*named, *texts]), None)


def _add_feature(draft: SchemaDraft, column: Column) -> None:
    spec = _spec(column)
    name = printable(column.name) or "a column without a name"
    if isinstance(spec, str):
        draft.notes.append(f"{name}: left out, {spec}")
        return
    draft.document["properties"][column.name] = spec
    if not column.blank:
        draft.document["required"].append(column.name)
    strangers = column.present - column.numeric
    if column.is_numeric and strangers:
        cells = counted(strangers, "cell is no number", "cells are no numbers")
        draft.notes.append(f"{name}: {cells}; such rows are not trained on")


def _spec(column: Column) -> dict[str, Any] | str:
    """The JSON Schema of one feature, or why it is none."""
    if not is_feature_name(column.name):
        return "rename it: a feature's name is without quotes, backslashes and control characters"
    if not column.texts:
        return "no row holds a value"
    if column.is_boolean:
        return {"type": "boolean"}
    if column.is_numeric:
        if column.is_unique and column.is_integer and ROW_NUMBER_NAME.match(column.name):
            return "it numbers the rows"
        if column.is_integer and column.numbers <= {0.0, 1.0}:
            return {"type": "integer", "enum": [0, 1]}
        return {"type": "integer" if column.is_integer else "number", **_range(column.numbers)}
    if are_dates(column.texts):
        return "it holds dates; turn it into a number such as days since"
    if len(column.texts) > MAX_CATEGORIES:
        return f"{len(column.texts)} different texts, and at most {MAX_CATEGORIES} make a category"
    return {"type": "string", "enum": sorted(column.texts)}


def _range(numbers: set[float]) -> dict[str, int]:
    """Limits a decimal order beyond what was seen: tomorrow's customers may differ, typing errors more so."""
    largest = max(abs(number) for number in numbers)
    limit = 10
    while limit < 10 * largest and limit < 10**15:
        limit *= 10
    return {"minimum": 0 if min(numbers) >= 0 else -limit, "maximum": limit}
