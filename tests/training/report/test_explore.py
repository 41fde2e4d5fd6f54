"""`churn explore`: raw data, before anybody has said what it means."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from cli.explore import explore as command
from contract.schema import load_schema
from tests.training.tables import SHOP, shop_rows, write_csv
from training.data.dataset import read_table
from training.errors import DatasetError
from training.report.association import Coded, association, code, single_feature_auc
from training.report.explore import Exploration, explore, render_exploration
from training.report.raw import Kind, RawColumn, read_raw
from training.report.raw_label import Label


def raw_rows(count: int = 200) -> list[dict[str, Any]]:
    """The shop's customers with everything that raw tables come with."""
    rows = []
    for number, row in enumerate(shop_rows(count)):
        row["code"] = "x"
        row["nothing"] = ""
        row["since"] = f"2024-{1 + number % 12:02d}-{1 + number % 28:02d}"
        row["visits"] = "n/a" if number == 7 else number % 9
        row["closed"] = "2026" if row["left"] == "yes" else "1999"
        row["city"] = "Nowhere-upon-Sea" if number == 3 else ("Bonn", "Ulm")[number % 2]
        row["double"] = row["months"] * 2
        rows.append(row)
    return rows


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Exploration:
    return explore(read_raw(write_csv(tmp_path_factory.mktemp("raw") / "raw.csv", raw_rows())))


def said(found: Exploration, *words: str) -> bool:
    return any(all(word in remark.text for word in words) for remark in found.remarks)


def test_columns_are_taken_for_what_they_are(found: Exploration) -> None:
    """Without a schema, as `churn schema infer` would; the label is found and is no column of its own."""
    kinds = {column.name: column.kind for column in found.table.columns}
    assert kinds == {
        "customer": "identifier",
        "months": "number",
        "spend": "number",
        "plan": "category",
        "senior": "category",
        "app": "category",
        "code": "category",
        "nothing": "empty",
        "since": "date",
        "visits": "number",
        "closed": "category",
        "city": "category",
        "double": "number",
    }
    assert found.table.label is not None
    assert (found.table.label.column, found.table.label.positive) == ("left", "yes")


def test_what_is_odd_is_said_with_what_to_do(found: Exploration) -> None:
    """One line each, the grave ones first."""
    assert said(found, "code", "same value in every row")
    assert said(found, "nothing", "no row holds a value")
    assert said(found, "since", "dates as text", "days since")
    assert said(found, "visits", "1 cell is no number")
    assert said(found, "closed", "ROC AUC 1.000", "recorded afterwards")
    assert said(found, "double and months", "nearly the same")
    states = [remark.state for remark in found.remarks]
    assert states == sorted(states, key=lambda state: state != "warn")


def test_nothing_odd_is_claimed_of_a_clean_table(tmp_path: Path) -> None:
    """No remark without a cause."""
    table = write_csv(tmp_path / "shop.csv", shop_rows(100))
    assert explore(read_raw(table)).remarks == []


def test_repeated_customers_and_rows_are_counted(tmp_path: Path) -> None:
    """The same customer twice, and rows that differ in nothing else."""
    rows = shop_rows(100)
    again = write_csv(tmp_path / "again.csv", [*rows, rows[0], {**rows[1], "customer": "new"}])
    found = explore(read_raw(again, SHOP))
    assert said(found, "customer: 1 row repeats a customer")
    assert said(found, "2 rows are like another in every column but the identifiers")


def test_rare_categories_and_ids_never_reach_the_page(found: Exploration) -> None:
    """A category that one customer holds is shown among the others, and identifiers not at all."""
    page = render_exploration(found).decode()
    assert "Bonn" in page
    assert "Nowhere-upon-Sea" not in page
    assert "others" in page
    assert "c199" not in page


def test_the_page_is_whole_without_a_label(tmp_path: Path) -> None:
    """It says that none was found, and shows everything that needs none."""
    rows = [{k: v for k, v in row.items() if k != "left"} for row in raw_rows()]
    found = explore(read_raw(write_csv(tmp_path / "raw.csv", rows)))
    page = render_exploration(found).decode()
    assert found.aucs == {}
    assert said(found, "No label", "--label-column")
    assert 'id="distributions"' in page
    assert 'id="leaving"' not in page
    assert found.summary()["label"] is None


def test_an_unclear_label_is_a_remark_but_a_told_one_an_error(tmp_path: Path) -> None:
    """Which value means churned is never guessed; what was asked for by name must work."""
    rows = [{**row, "left": "blue" if row["left"] == "yes" else "red"} for row in shop_rows()]
    table = write_csv(tmp_path / "raw.csv", rows)
    assert said(explore(read_raw(table)), "No label", "--positive")
    assert read_raw(table, label_column="left", positive="blue").label is not None
    with pytest.raises(DatasetError, match="not clear which means churned"):
        read_raw(table, label_column="left")
    with pytest.raises(DatasetError, match="holds 3 different values"):
        read_raw(table, label_column="plan")
    with pytest.raises(DatasetError, match="no column 'gone'"):
        read_raw(table, label_column="gone")


def test_a_schema_has_the_last_word(tmp_path: Path) -> None:
    """What it calls a category is one, also where the cells look like numbers."""
    table = write_csv(tmp_path / "raw.csv", [{**row, "senior": row["months"] % 7} for row in shop_rows()])
    kinds = {True: "category", False: "number"}
    for schema in (SHOP, None):
        column = next(c for c in read_raw(table, schema).columns if c.name == "senior")
        assert column.kind == kinds[schema is not None]
    with pytest.raises(DatasetError, match="none of the columns of schema telco"):
        read_raw(table, load_schema("telco"))


def test_a_large_table_is_sampled_and_says_so(tmp_path: Path) -> None:
    """The same rows each time; the page says how many there were."""
    table = write_csv(tmp_path / "raw.csv", shop_rows(500))
    found = explore(read_raw(table, max_rows=100))
    assert (found.table.rows, found.table.total_rows) == (100, 500)
    assert said(found, "500 rows", "random sample of 100")
    assert render_exploration(found) == render_exploration(explore(read_raw(table, max_rows=100)))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"a,b\n",
        b"a;b;c\n1;2;3\n",
        "a,Stra\u00dfe\n1,2\n".encode("latin-1"),
        b"PK\x03\x04zip",
        b"a,a\n1,2\n",
    ],
    ids=["empty", "header only", "semicolons", "latin-1", "a zip", "the same name twice"],
)
def test_a_bad_file_gets_the_line_that_training_gives(tmp_path: Path, content: bytes) -> None:
    """What cannot be read is refused in the same words."""
    table = tmp_path / "bad.csv"
    table.write_bytes(content)
    with pytest.raises(DatasetError) as ours:
        read_raw(table)
    with pytest.raises(DatasetError) as trainings:
        read_table(table, SHOP)
    if content != b"a,b\n":  # of other columns training speaks first
        assert str(ours.value) == str(trainings.value)
    assert "\n" not in str(ours.value)


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n",
        "a,b\n,\n,\n",
        "id,churn\nq,1\nr,0\n",
        "churn,x\nyes,a\nyes,b\n",
        "a,b\n3e38,-3e38\n-3e38,3e38\n1e308,-1e308\n",
        "churn,x,y\nyes,inf,1\nno,1,1\nyes,2,1\nno,,1\n",
    ],
    ids=["one row", "no values", "two customers", "one label", "the largest numbers", "infinity"],
)
def test_the_smallest_and_oddest_tables_have_a_page(tmp_path: Path, content: str) -> None:
    """Little can be said of them, and none of it is a warning or an error."""
    table = tmp_path / "odd.csv"
    table.write_text(content)
    assert render_exploration(explore(read_raw(table))).endswith(b"</html>\n")


def test_any_name_can_stand_in_a_header(tmp_path: Path) -> None:
    """Markup, formulas and other scripts are shown as they are."""
    names = ["<script>alert(1)</script>", "$x_1$", "客户", 'a "b"', "", "others"]
    rows = [",".join(f"{(i * k) % 7}.5" for k in range(1, len(names) + 1)) for i in range(60)]
    header = ",".join('"' + name.replace('"', '""') + '"' for name in names)
    table = tmp_path / "odd.csv"
    table.write_text("\n".join([header, *rows]), encoding="utf-8")
    page = render_exploration(explore(read_raw(table))).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "客户" in page


def coded(kind: Kind, values: Any) -> Coded:
    array = np.array(values, dtype=float if kind == "number" else object)
    return code(RawColumn("it", kind, array, 0, 0, len(set(values))))


def test_association_is_that_of_the_textbooks() -> None:
    """Ranks for numbers, tables for categories, variance between for one of each."""
    numbers = list(range(1, 41))
    one, square = coded("number", numbers), coded("number", [n**2 for n in numbers])
    minus = coded("number", [-(n**3) for n in numbers])
    halves = coded("category", ["low"] * 20 + ["high"] * 20)
    turns = coded("category", ["a", "b"] * 20)
    assert association(one, square) == pytest.approx(1)
    assert association(one, minus) == pytest.approx(-1)
    assert association(halves, halves) == pytest.approx(1, abs=0.02)
    assert association(halves, turns) == 0
    between = 1 - (2 * sum((n - 10.5) ** 2 for n in numbers[:20])) / sum((n - 20.5) ** 2 for n in numbers)
    assert association(one, halves) == pytest.approx(between**0.5)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(-5, 5)), min_size=3, max_size=50))
def test_association_is_symmetric_and_at_most_one(rows: list[tuple[str, int]]) -> None:
    """Whatever the columns hold; NaN where one of them never varies."""
    category = coded("category", [text for text, _ in rows])
    number = coded("number", [value for _, value in rows])
    for one, other in ((category, number), (number, number), (category, category)):
        strength = association(one, other)
        assert np.isnan(strength) or abs(strength) <= 1 + 1e-9
        assert strength == pytest.approx(association(other, one), nan_ok=True)


def test_a_column_of_chance_does_not_look_good_by_memory() -> None:
    """Three hundred categories over six hundred rows would tell the label well, had they seen it."""
    random = np.random.default_rng(0)
    label = Label("left", "yes", random.integers(0, 2, 600).astype(float))
    names = coded("category", [f"c{i}" for i in random.integers(0, 300, 600)])
    assert abs(single_feature_auc(names, label) - 0.5) < 0.06


def test_a_number_that_matters_at_both_ends_is_seen() -> None:
    """Neither more nor less of it means leaving, and yet it tells."""
    values = np.linspace(-1, 1, 400)
    label = Label("left", "yes", (np.abs(values) > 0.5).astype(float))
    assert single_feature_auc(coded("number", values.tolist()), label) > 0.9


APP = typer.Typer()
APP.command()(command)


def test_the_command_writes_the_page_and_one_json_document(tmp_path: Path) -> None:
    """Facts on stdout, the page where it was asked for."""
    rows = [{name: row[name] for name in ("customer", "code", "left")} for row in raw_rows()]
    table, page = write_csv(tmp_path / "raw.csv", rows), tmp_path / "page.html"
    done = CliRunner().invoke(APP, [str(table), "-o", str(page), "--json"])
    assert done.exit_code == 0, done.output
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["label"]["column"], summary["page"]) == (200, "left", str(page))
    assert {
        key: next(c for c in summary["columns"] if c["name"] == "code")[key]
        for key in ("name", "kind", "missing", "distinct")
    } == {"name": "code", "kind": "category", "missing": 0, "distinct": 1}
    assert page.read_bytes().startswith(b"<!doctype html>")


def test_nothing_is_written_for_a_bad_file(tmp_path: Path) -> None:
    """A table that is not there ends in the one-line error, before any page."""
    done = CliRunner().invoke(APP, [str(tmp_path / "none.csv"), "-o", str(tmp_path / "page.html")])
    assert isinstance(done.exception, DatasetError)
    assert not (tmp_path / "page.html").exists()
