"""A million rows are read in bounded memory, and a fair sample of them is kept."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from contract.schema import load_schema
from producer.synthetic import customers
from tests.training.tables import SHOP, shop_rows, write_csv
from training.data.dataset import Table, read_table, table_from_rows

ROWS = 1_000_000
DISTINCT = 5_000
MAX_PEAK_MB = 700  # of the 2 GB that a whole training may take

READ = """
import json, resource, sys
from contract.schema import load_schema
from training.data.dataset import read_table
from training.data.quality import check_quality
schema = load_schema("telco")
table = read_table(sys.argv[1], schema, group="customerID", extras=["Contract"])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
findings = [finding.message for finding in check_quality(table, schema)]
numbers = [int(customer.rpartition("-")[2]) for customer in table.ids]
print(json.dumps({
    "rows": table.rows, "total": table.total_rows, "peak": peak, "churned": float(table.labels.mean()),
    "findings": findings, "in_order": numbers == sorted(numbers), "mean_number": sum(numbers) / len(numbers),
    "extras": len(table.extras["Contract"]), "groups": len(set(table.groups)),
}))
"""


def write_million(path: Path) -> float:
    """A Telco-like CSV of a million customers; returns the share that churned."""
    few = list(islice(customers("telco", DISTINCT, seed=0), DISTINCT))
    header = [name for name in few[0] if name != "customerID"]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerow([*header, "customerID"])
        tails = [",".join(str(row[name]) for name in header) for row in few]
        for start in range(0, ROWS, DISTINCT):
            file.write("".join(f"{tail},C-{start + i}\n" for i, tail in enumerate(tails)))
    return sum(row["Churn"] == "Yes" for row in few) / DISTINCT


def test_a_million_rows_are_read_in_bounded_memory(tmp_path: Path) -> None:
    """Two hundred thousand are kept, in order, from everywhere, with the share of churners of the whole."""
    path = tmp_path / "million.csv"
    share = write_million(path)
    run = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, timeout=240, check=False
    )
    path.unlink()
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    megabytes = found["peak"] / (1024**2 if sys.platform == "darwin" else 1024)
    assert megabytes < MAX_PEAK_MB
    assert (found["rows"], found["total"], found["extras"]) == (200_000, ROWS, 200_000)
    assert found["groups"] == 200_000
    assert found["churned"] == pytest.approx(share, abs=0.005)
    assert found["in_order"]
    assert found["mean_number"] == pytest.approx(ROWS / 2, rel=0.01)
    assert found["findings"][0].startswith("1,000,000 rows: a random sample of 200,000 was used; ")


def assert_same(ours: Table, theirs: Table) -> None:
    for name, column in ours.inputs.items():
        np.testing.assert_array_equal(column, theirs.inputs[name])
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert ours.ids == theirs.ids
    assert ours.groups is not None
    assert theirs.groups is not None
    np.testing.assert_array_equal(ours.groups, theirs.groups)
    np.testing.assert_array_equal(ours.extras["plan"], theirs.extras["plan"])


def test_the_same_seed_gives_the_same_sample(tmp_path: Path) -> None:
    """From a file as from memory; another seed gives another."""
    rows = shop_rows(3000)
    path = write_csv(tmp_path / "shop.csv", rows)
    one = read_table(path, SHOP, group="plan", extras=["plan"], max_rows=500, seed=4)
    assert_same(one, read_table(path, SHOP, group="plan", extras=["plan"], max_rows=500, seed=4))
    assert_same(one, table_from_rows(rows, SHOP, "m", group="plan", extras=["plan"], max_rows=500, seed=4))
    assert one.ids != read_table(path, SHOP, max_rows=500, seed=5).ids


def test_every_column_of_a_sampled_row_is_that_row_s() -> None:
    """Inputs, label, id, group, time and extras stay together, in the order of the table."""
    rows = [{**row, "when": number} for number, row in enumerate(shop_rows(3000))]
    table = table_from_rows(rows, SHOP, "m", group="app", time="when", extras=["spend", "plan"], max_rows=200)
    assert (table.rows, table.total_rows) == (200, 3000)
    assert table.times is not None
    assert table.groups is not None
    assert (np.diff(table.times) > 0).all()
    for position, number in enumerate(table.times.astype(int).tolist()):
        row = rows[number]
        assert table.ids[position] == row["customer"]
        assert table.inputs["months"][position, 0] == row["months"]
        assert table.inputs["plan"][position, 0] == table.extras["plan"][position] == row["plan"]
        assert table.extras["spend"][position] == ("" if row["spend"] is None else str(row["spend"]))
        assert table.labels[position] == (row["left"] == "yes")
        # A blank is a group of its own: rows in memory count from 1.
        expected = f"\0{number + 1}" if row["app"] is None else str(row["app"]).lower()
        assert table.groups[position] == expected


def test_a_table_that_fits_is_not_sampled() -> None:
    """Exactly as many rows as may be used are all used."""
    table = table_from_rows(shop_rows(300), SHOP, "shop", max_rows=300)
    assert (table.rows, table.total_rows) == (300, 300)
    assert table.ids == tuple(f"c{number}" for number in range(300))


def test_rows_that_cannot_be_trained_on_are_no_part_of_the_total() -> None:
    """`total_rows` is what could have been used."""
    rows = [{**row, "months": -1 if i % 3 == 0 else 5} for i, row in enumerate(shop_rows(300))]
    table = table_from_rows(rows, SHOP, "shop", max_rows=100)
    assert (table.rows, table.total_rows, table.skipped.count) == (100, 200, 100)


def test_the_synthetic_population_is_read_as_its_csv_would_be() -> None:
    """What the large table is made of is a table that trains."""
    schema = load_schema("telco")
    table = table_from_rows(customers("telco", 300, seed=0), schema, "synthetic")
    assert table.rows == 300
