"""What can be trained on can be published, and the other way round: one CSV, two readers, one verdict."""

from __future__ import annotations

from pathlib import Path

import pytest

from producer.edge import Ready
from producer.errors import SourceError
from producer.sources import open_source
from tests.training.tables import SHOP
from training.data.dataset import read_table
from training.errors import DatasetError

HEADER = "customer,months,spend,plan,senior,app,left\n"
GOOD = "".join(f"g{i},1,2,basic,1,true,{'yes' if i % 2 else 'no'}\n" for i in range(20))
TAIL = "end,1,2,basic,1,true,no\n"


def trained_on(path: Path) -> list[str]:
    return list(read_table(path, SHOP).ids)


def published(path: Path) -> list[str]:
    return [item.customer_id for item in open_source(str(path), SHOP) if isinstance(item, Ready)]


@pytest.mark.parametrize(
    ("row", "is_taken"),
    [
        ("c,1,2,basic,1,true,no\n", True),
        ("c,1,,basic,1,,no\n", True),
        (" c , 1 , 2 ,  basic , 1 , true , no \n", True),
        ("c,1,2,gold,1,true,no\n", True),
        ('"c",1,2,"ba\nsic",1,true,no\n', True),
        ("c,1,2,basic,1,true,no\r\n", True),
        ("\n  \n", False),
        ("c,1,2,basic,1,true\n", False),
        ("c,1,2\n", False),
        ("c\n", False),
        ("c,1,2,basic,1,true,no,9\n", False),
        ('c,1,2,"ba"sic,1,true,no\n', False),
        ("c,,2,basic,1,true,no\n", False),
        ("c,-1,2,basic,1,true,no\n", False),
        ("c,1,2,  ,1,true,no\n", False),
    ],
)
def test_both_take_the_same_rows(tmp_path: Path, row: str, is_taken: bool) -> None:
    """A row is in the model and on the stream, or in neither; the rows around it are in both."""
    path = tmp_path / "shop.csv"
    path.write_text(HEADER + GOOD + row + TAIL)
    expected = [f"g{i}" for i in range(20)] + ["c"] * is_taken + ["end"]
    assert trained_on(path) == expected
    assert published(path) == expected


@pytest.mark.parametrize(
    ("header", "is_taken"),
    [
        (HEADER, True),
        (" customer , months,spend ,plan,senior,app,left\n", True),
        ("\ufeffcustomer,months,spend,plan,senior,app,left\n", True),
        ("\n" + HEADER, True),
        ("customer,months,other,plan,senior,another,left\n", True),
        ("customer,other,spend,plan,senior,app,left\n", False),
        ("customer,months,plan,plan,senior,app,left\n", False),
        ("customer,months, plan,plan ,senior,app,left\n", False),
        ("customer;months;spend;plan;senior;app;left\n", False),
    ],
)
def test_both_take_the_same_headers(tmp_path: Path, header: str, is_taken: bool) -> None:
    """Blanks around names do not matter, an optional feature may be absent, and no column comes twice."""
    path = tmp_path / "shop.csv"
    path.write_text(header + GOOD)
    if is_taken:
        assert trained_on(path) == published(path) == [f"g{i}" for i in range(20)]
        return
    with pytest.raises(DatasetError):
        trained_on(path)
    with pytest.raises(SourceError):
        published(path)
