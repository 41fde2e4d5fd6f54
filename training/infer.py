"""A first draft of a feature schema, from a table. A person reads and mends it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.schema import NAME_PATTERN
from training.columns import Column, gather_columns
from training.dataset import ROWS_PER_CHUNK
from training.errors import DatasetError
from training.source import open_csv

MAX_CATEGORIES = 50  # more distinct texts than this are names, places or dates
MAX_NAME_CHARS = 20
LABEL_WORDS = ("churn", "churned", "label", "target", "exited", "attrition", "left", "cancelled", "canceled")
POSITIVE_WORDS = ("yes", "true", "1", "y", "t", "churned", "churn", "left", "exited", "cancelled", "canceled")
ID_NAME = re.compile(r"(?:^|[_\W]|[a-z])(?:id|ID|Id|key|no|number)$")
ROW_NUMBER_NAME = re.compile(r"(?i)^(?:unnamed.*|index|row.?(?:number|no|id)?|.*_?id)$")


@dataclass(slots=True)
class SchemaDraft:
    """A JSON Schema document that contract.schema.parse_schema takes, and remarks, one line each."""

    document: dict[str, Any]
    notes: list[str] = field(default_factory=list)


def infer_schema(
    path: str | Path, *, id_column: str | None = None, label_column: str | None = None
) -> SchemaDraft:
    """Draft a schema from a CSV file or URL.

    Raises DatasetError where the table cannot be read, or the id or label column can be neither found
    nor is told.
    """
    with open_csv(path) as csv:
        columns = gather_columns(csv.header, csv.chunks(csv.header, ROWS_PER_CHUNK))
    name = str(path)
    if not columns or not columns[0].rows:
        raise DatasetError(f"{name}: a header and no rows; a schema is drafted from what rows hold")
    label = _find(columns, label_column, _guess_label(columns), "label", name)
    customer = _find(columns, id_column, _guess_id(columns, label), "id", name)
    positive = _positive(label, name)
    draft = SchemaDraft(_frame(name, customer, label, positive))
    draft.notes.append(f"label {label.name}: {positive!r} is taken to mean churned")
    for column in columns:
        if column not in (label, customer):
            _add_feature(draft, column)
    if not draft.document["properties"]:
        raise DatasetError(f"{name}: no column is left that could be a feature ({'; '.join(draft.notes)})")
    return draft


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
    return text if NAME_PATTERN.fullmatch(text) else "table"


def _find(columns: Sequence[Column], told: str | None, guess: Column | None, what: str, name: str) -> Column:
    if told is not None:
        found = next((column for column in columns if column.name == told), None)
        if found is None:
            names = ", ".join(column.name for column in columns)
            raise DatasetError(f"{name}: no column {told!r} for the {what}; found: {names}")
        return found
    if guess is None:
        expected = {"label": "two-valued column named like churn", "id": "column unique to each row"}[what]
        raise DatasetError(f"{name}: no {expected} found; name the {what} column with --{what}-column")
    return guess


def _guess_label(columns: Sequence[Column]) -> Column | None:
    for exact in (True, False):
        for column in columns:
            words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", column.name).lower())
            named = " ".join(words) in LABEL_WORDS if exact else bool(set(words) & set(LABEL_WORDS))
            if named and len(column.texts) == 2:
                return column
    return None


def _guess_id(columns: Sequence[Column], label: Column) -> Column | None:
    """A unique column named like an id; else the first unique one that is not a number."""
    unique = [column for column in columns if column.is_unique and column is not label]
    named = [column for column in unique if ID_NAME.search(column.name)]
    # "RowNumber" is unique and ends in "number", but "CustomerId" beside it is what is meant.
    named.sort(key=lambda column: bool(re.match(r"(?i)row|index|unnamed", column.name)))
    texts = [column for column in unique if not column.is_numeric]
    return next(iter([*named, *texts]), None)


def _positive(label: Column, name: str) -> str:
    values = sorted(text.strip() for text in label.texts)
    if len(values) != 2:
        raise DatasetError(
            f"{name}: label {label.name} holds {len(values)} different values; expected exactly two, "
            "so name another with --label-column"
        )
    return next((value for value in values if value.lower() in POSITIVE_WORDS), values[-1])


def _add_feature(draft: SchemaDraft, column: Column) -> None:
    spec = _spec(column)
    if isinstance(spec, str):
        draft.notes.append(f"{column.name}: left out, {spec}")
        return
    draft.document["properties"][column.name] = spec
    if not column.blank:
        draft.document["required"].append(column.name)
    strangers = column.present - column.numeric
    if column.is_numeric and strangers:
        draft.notes.append(f"{column.name}: {strangers} cells are not numbers; such rows are not trained on")


def _spec(column: Column) -> dict[str, Any] | str:
    """The JSON Schema of one feature, or why it is none."""
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
