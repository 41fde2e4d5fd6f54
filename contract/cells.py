"""Text cells of a table to values, typed by the schema the way an event's JSON would be."""

from __future__ import annotations

import math
from collections.abc import Callable

from contract.feature import Feature

Cell = str | int | float | bool
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}


def cell_reader(feature: Feature) -> Callable[[str], Cell | None]:
    """How to read a feature's cells: blank is None (missing), and text that does not fit stays text.

    The event decoder then rejects it and names the field, so that there is one judge only. Blanks around a
    value are no part of it.
    """
    read = {"integer": _integer, "number": _number, "boolean": _boolean, "string": _text}[feature.json_type]
    return lambda cell: read(cell) if cell and not cell.isspace() else None


def _text(cell: str) -> Cell:
    return cell.strip()


def _number(cell: str) -> Cell:
    # Python also takes 1_000 and the digits of other scripts; tables that mean that are better asked about.
    if "_" in cell or not cell.isascii():
        return cell
    try:
        value = float(cell)
    except ValueError:
        return cell
    return value if math.isfinite(value) else cell


def _integer(cell: str) -> Cell:
    value = _number(cell)
    if not isinstance(value, float):
        return cell
    try:
        return int(cell)
    except ValueError:
        return int(value) if value.is_integer() else value


def _boolean(cell: str) -> Cell:
    return _BOOLEANS.get(cell.strip().lower(), cell)
