"""When a row is from, as a number; and texts that are dates where categories are expected."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from contract.cells import cell_reader
from contract.feature import Feature
from training.data.cells import plain

_read_number = cell_reader(Feature(name="", json_type="number", required=False))

# 2026-11-20, 2026/11, 2026.11.20 10:00 and 20.11.2026, 11/20/26, with or without a time of day.
_YEAR_FIRST = re.compile(r"(?:19|20)\d\d([-/.])(\d{1,2})(?:\1(\d{1,2})(?:[T ].*)?)?")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(?:19|20)?\d\d(?:[T ].*)?")
MOSTLY_DATES = 0.9  # share of distinct texts


class TimeReader:
    """Cells of one column as seconds since 1970, or as the numbers they are; never both in one column.

    ISO 8601 dates and date-times (without a zone: UTC) or numbers; the first cell that is either decides.
    """

    def __init__(self) -> None:
        self._dates: bool | None = None

    @property
    def expected(self) -> str:
        """What a cell must be, in words."""
        if self._dates is None:
            return "an ISO 8601 date or date-time, or a number"
        kind = "an ISO 8601 date or date-time" if self._dates else "a number"
        return f"{kind}, as in the rows before"

    def read(self, cell: object) -> float | None:
        """The cell's time; None where it has none that can be put in order with those before."""
        value = plain(cell)
        if isinstance(value, str):
            value = _read_number(value)
        dated = not isinstance(value, int | float)
        seconds = _seconds(value) if dated else _finite(value)
        if seconds is None or self._dates not in (None, dated):
            return None
        self._dates = dated
        return seconds


def _finite(value: Any) -> float | None:
    return None if isinstance(value, bool) or not math.isfinite(value) else float(value)


def _seconds(value: object) -> float | None:
    try:
        moment = datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        if isinstance(moment, date) and not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        if not isinstance(moment, datetime):
            return None
        return _finite((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return None


def is_date(text: str) -> bool:
    """Whether a text reads as a calendar date or month, in the orders and signs people use."""
    text = text.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        return 1 <= int(found[2]) <= 12 and 1 <= int(found[3] or 1) <= 31
    found = _YEAR_LAST.fullmatch(text)
    if not found:
        return False
    low, high = sorted((int(found[1]), int(found[3])))
    return 1 <= low <= 12 and high <= 31


def are_dates(texts: Iterable[str]) -> bool:
    """Whether nearly all of these distinct texts are dates, and there are at least two."""
    judged = [is_date(text) for text in texts]
    return len(judged) > 1 and sum(judged) >= MOSTLY_DATES * len(judged)
