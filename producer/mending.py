"""Lines of a rejects file, read again: what was noted there can be mended in place and published."""

from __future__ import annotations

import csv
import io
from typing import Any, NamedTuple

import msgspec

from contract.rejection import Rejected, Rejection
from producer.rejects import INVALID, REFUSED

_ALWAYS = {"line", "kind", "reason", "field", "row"}


class Kept(NamedTuple):
    """A row out of a rejects file: JSON text, or CSV text where it has `columns`."""

    text: bytes
    columns: tuple[str, ...]
    time_column: str | None


def is_reject(document: dict[str, Any], id_column: str) -> bool:
    """Whether this is a line of a rejects file, not a row that happens to look like one."""
    return document.keys() >= _ALWAYS and document["kind"] in (INVALID, REFUSED) and id_column not in document


def unpack(document: dict[str, Any]) -> Kept | Rejected:
    """What a line of a rejects file holds, as mended by now."""
    row, columns, time_column = (document.get(name) for name in ("row", "columns", "time_column"))
    if document.get("cut"):
        return Rejected(Rejection.TOO_LARGE, "row", "was cut short here; publish it from its source")
    if time_column is not None and not isinstance(time_column, str):
        return Rejected(Rejection.WRONG_TYPE, "time_column", "expected a column's name")
    if isinstance(row, dict) and row and "specversion" not in row:
        return Kept(_csv_text(row), tuple(row), time_column)
    if isinstance(row, dict):
        return Kept(msgspec.json.encode(row), (), time_column)
    if not isinstance(row, str):
        return Rejected(Rejection.WRONG_TYPE, "row", "expected an object, or the text of a line")
    if columns is not None and not _are_names(columns):
        return Rejected(Rejection.WRONG_TYPE, "columns", "expected a list of column names")
    return Kept(row.encode(errors="backslashreplace"), tuple(columns or ()), time_column)


def _are_names(columns: Any) -> bool:
    return isinstance(columns, list) and all(isinstance(column, str) for column in columns)


def _csv_text(row: dict[str, Any]) -> bytes:
    """An object's values as one CSV row; a mended value may be a JSON number or null instead of text."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="")
    writer.writerow([_cell(value) for value in row.values()])
    return text.getvalue().encode(errors="backslashreplace")


def _cell(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return msgspec.json.encode(value).decode()
