"""When a row is from: dates or numbers, and never a mixture that cannot be put in order."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.training.tables import SHOP, shop_rows
from training.data.dataset import Table, table_from_rows
from training.data.times import TimeReader, are_dates, is_date
from training.errors import DatasetError

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
MIDNIGHT = NOON - 12 * 3600


@pytest.mark.parametrize(
    ("cell", "seconds"),
    [
        ("2026-11-20", MIDNIGHT),
        (" 2026-11-20 ", MIDNIGHT),
        ("2026-11-20T12:00:00", NOON),
        ("2026-11-20 12:00", NOON),
        ("2026-11-20T12:00:00Z", NOON),
        ("2026-11-20T14:00:00.000+02:00", NOON),
        (date(2026, 11, 20), MIDNIGHT),
        (datetime(2026, 11, 20, 12), NOON),
        ("202611", 202611.0),
        ("-1.5", -1.5),
        (7, 7.0),
        ("31/12/2026", None),
        ("2026-13-01", None),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("1_000", None),
        (None, None),
        (float("nan"), None),
        (True, None),
    ],
)
def test_a_cell_is_a_date_or_a_number(cell: object, seconds: float | None) -> None:
    """ISO 8601 with or without a zone (UTC then), or any finite number; nothing else."""
    assert TimeReader().read(cell) == seconds


def test_the_first_kind_decides() -> None:
    """Days and dates in one column have no order."""
    reader = TimeReader()
    assert [reader.read(cell) for cell in ("2026-11-20", "17", "2026-11-21")] == [
        MIDNIGHT,
        None,
        MIDNIGHT + 86400,
    ]


def _table(when: Any) -> Table:
    rows = [{**row, "when": when(i)} for i, row in enumerate(shop_rows(100))]
    return table_from_rows(rows, SHOP, "shop", time="when")


def test_rows_without_a_time_are_left_out_and_said() -> None:
    """A few cells that are none cost their rows only."""
    table = _table(lambda i: "unknown" if i == 4 else f"2026-11-{i % 28 + 1:02d}")
    assert table.rows == 99
    assert table.times is not None
    assert table.times[4] == datetime(2026, 11, 6, tzinfo=UTC).timestamp()
    assert table.skipped.first_lines == {
        "when: expected an ISO 8601 date or date-time, as in the rows before": [5]
    }


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (
            "31/12/2026 {}".format,
            "100 cells are like '31/12/2026 0', expected an ISO 8601 date or date-time, or",
        ),
        (lambda i: "" if i % 5 else "2026-11-20", "80 cells are like '', expected an ISO 8601 date"),
        (lambda i: "2026-11-20" if i else 0, "99 cells are like '2026-11-20', expected a number, as in the"),
    ],
)
def test_a_column_that_is_mostly_no_time_is_refused(when: Any, expected: str) -> None:
    """One line with a cell, what was expected and what to do."""
    with pytest.raises(DatasetError) as caught:
        _table(when)
    assert str(caught.value).startswith("shop: column when cannot put rows in order: ")
    assert expected in str(caught.value)
    assert str(caught.value).endswith("; convert them, or name another column")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", True),
        ("2026-11-20T10:00:00Z", True),
        ("2026/11/20", True),
        ("2026-11", True),
        ("20.11.2026", True),
        ("11/20/26", True),
        ("1/2/2026 10:00", True),
        ("13/13/2026", False),
        ("2026", False),
        ("10-20", False),
        ("100-200", False),
        ("1.2.345", False),
        ("Month-to-month", False),
        ("", False),
    ],
)
def test_a_date_is_known_by_its_shape(text: str, expected: bool) -> None:
    """Usual orders and signs; ranges, versions and years are no dates."""
    assert is_date(text) is expected


def test_one_date_does_not_make_a_column_of_dates() -> None:
    """Nearly all of at least two."""
    assert not are_dates(["2026-11-20"])
    assert are_dates(["2026-11-20", "2026-11-21"])
    assert not are_dates(["2026-11-20", "never"])
