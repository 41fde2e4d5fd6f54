"""Tables that nobody should train on: one clear line each, end to end, as early as it can be known."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.training.tables import SHOP, Row, schema_of, shop_rows, write_csv
from training.data.dataset import MAX_ROWS, read_table, table_from_rows
from training.data.quality import check_quality
from training.errors import DatasetError


def shop_csv(rows: list[Row] | None = None, **columns: Any) -> bytes:
    """The shop as a CSV, some columns replaced or added: a value, or a function of the row number."""
    file = io.StringIO(newline="")
    data = [
        {**row, **{k: v(i) if callable(v) else v for k, v in columns.items()}}
        for i, row in enumerate(rows or shop_rows(300))
    ]
    writer = csv.DictWriter(file, fieldnames=list(data[0]))
    writer.writeheader()
    writer.writerows(data)
    return file.getvalue().encode()


def ragged() -> bytes:
    return b"".join(line + b",x" * (i % 2) + b"\n" for i, line in enumerate(shop_csv().splitlines()))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            shop_csv(left=lambda i: ["yes", "no", "maybe"][i % 3]),
            "label left holds 3 different values (maybe, no, yes) in 300 rows; expected exactly two",
        ),
        (shop_csv(left="no"), "label left holds 1 value (no) in 300 rows; expected exactly two"),
        (
            shop_csv(shop_rows(12)),
            "of 12 rows are 'yes'; expected at least 10 rows of each value, 20 in all, so that every "
            "fold can be judged; add rows",
        ),
        (
            shop_csv(plan=lambda i: f"plan {i}"),
            "column plan holds 300 different categories in 300 rows, at most 200 categories expected; group "
            "the rare ones, or leave it out of the schema",
        ),
        (
            shop_csv(plan=lambda i: f"20{i // 28:02d}-02-{i % 28 + 1:02d}"),
            "column plan holds 300 different dates in 300 rows, at most 200 categories expected; turn it "
            "into a number such as days since, or leave it out of the schema",
        ),
        (
            shop_csv(months="2026-11-20"),
            "no row of 300 can be trained on (months: expected integer, got string, as in '2026-11-20', a "
            "date: turn it into a number such as days since)",
        ),
        (
            shop_csv(plan="größte").decode().encode("latin-1"),
            "not UTF-8 (byte 10 of line 2 is 0xf6), probably ISO-8859-1; convert it: iconv -f ISO-8859-1 -t "
            "UTF-8 OLD.csv > NEW.csv",
        ),
        (b"", "empty; expected a header and one labelled customer per line"),
        (b"\xef\xbb\xbf", "empty; expected a header and one labelled customer per line"),
        (shop_csv().splitlines()[0], "a header and no rows; expected one labelled customer per line"),
        (shop_csv().replace(b",", b";"), "is it separated by ';' or tab? expected commas, so export it with"),
        (
            shop_csv().split(b"\n", 8)[8],
            "no column for id customer; label left; feature months, spend, plan,",
        ),
        (
            shop_csv().splitlines()[0] + b"\n" + b"c,1\n" * 40,
            "no row of 40 can be trained on (row: too few cells for the header's 7)",
        ),
    ],
)
def test_a_bad_table_is_one_clear_line(tmp_path: Path, content: bytes, expected: str) -> None:
    """What was found, what was expected, what to do; no traceback and no second line."""
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        read_table(path, SHOP)
    assert str(caught.value).startswith(f"{path}: ")
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_half_ragged_lines_are_left_out_and_said(tmp_path: Path) -> None:
    """What can be read is trained on; a finding counts the rest and names its lines."""
    path = tmp_path / "ragged.csv"
    path.write_bytes(ragged())
    table = read_table(path, SHOP)
    assert (table.rows, table.total_rows, table.skipped.count) == (150, 150, 150)
    found = check_quality(table, SHOP)
    assert (found[0].check, found[0].strict) == ("skipped", True)
    assert "too many cells for the header's 7: 150 rows left out (line 2, 4, 6, 8, 10, …)" in found[0].message


def test_few_dates_as_categories_are_a_finding(tmp_path: Path) -> None:
    """Dates that are few enough to be categories do not stop training, but they are called what they are."""
    path = tmp_path / "dates.csv"
    path.write_bytes(shop_csv(plan=lambda i: f"2026-{i % 12 + 1:02d}-01"))
    found = {each.check: each for each in check_quality(read_table(path, SHOP), SHOP)}
    assert found["dates"].strict
    assert found["dates"].message.startswith("plan: dates as categories ('2026-01-01', '2026-02-01'")


class Counted:
    """Rows that are made as they are asked for, and counted."""

    def __init__(self, **columns: Callable[[int], Any]) -> None:
        self.taken = 0
        self._columns = columns

    def __iter__(self) -> Iterator[Row]:
        row = shop_rows(1)[0]
        for number in range(1_000_000):
            self.taken += 1
            yield {**row, **{name: make(number) for name, make in self._columns.items()}}


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"plan": lambda i: f"plan {i % 5000}"}, "plan holds 1,000 different categories in 1,000 rows"),
        ({"left": lambda i: f"{i}"}, "left holds 1000 different values"),
    ],
)
def test_a_million_bad_rows_fail_after_the_first_thousands(columns: dict[str, Any], expected: str) -> None:
    """What is certain early is said early."""
    rows = Counted(**columns)
    with pytest.raises(DatasetError, match=expected):
        table_from_rows(rows, SHOP, "long")
    assert rows.taken <= 10_000


def test_a_category_that_grows_slowly_is_refused_as_well() -> None:
    """A sorted table shows few values at a time; all count, also those of rows that no sample holds."""
    rows = [{**row, "plan": f"plan {i // 20}"} for i, row in enumerate(shop_rows(4100))]
    with pytest.raises(DatasetError, match="plan holds 205 different categories in 4,100 rows"):
        table_from_rows(rows, SHOP, "sorted", max_rows=20)
    assert table_from_rows(rows[:4000], SHOP, "sorted", max_rows=100).rows == 100


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            {"group": "regoin"},
            "no column 'regoin' to group rows by; name one of those found: customer, months,",
        ),
        ({"time": "when"}, "no column 'when' to order rows in time by; name one of those found: "),
        (
            {"extras": ["plan", "shop"]},
            "no column 'shop' to look at parts of the table by; name one of those",
        ),
        ({"max_rows": 10}, "at most 10 rows asked for (--max-rows), at least 20 needed"),
    ],
)
def test_what_was_asked_for_and_is_not_there_is_named(
    tmp_path: Path, asked: dict[str, Any], expected: str
) -> None:
    """For a file and for rows in memory; with all the columns that there are."""
    rows = shop_rows(100)
    path = write_csv(tmp_path / "shop.csv", rows)
    for read in (lambda: read_table(path, SHOP, **asked), lambda: table_from_rows(rows, SHOP, "m", **asked)):
        with pytest.raises(DatasetError) as caught:
            read()
        assert expected in str(caught.value)
        assert "max_rows" in asked or str(caught.value).endswith("spend, plan, senior, app, left")


def test_a_table_of_numbers_only_has_no_categories_to_count() -> None:
    """A schema without categories works, and the default sample is two hundred thousand rows."""
    schema = schema_of({"months": {"type": "integer"}})
    assert table_from_rows(shop_rows(50), schema, "shop").rows == 50
    assert MAX_ROWS == 200_000
