"""Prices are data: each says where it comes from, and a table that cannot be right is refused."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.cost.price_table import FOLDER, load_prices, read_prices, regions
from infra.errors import CostError
from tests.infra.cost.fixed import PRICES

ENTRY = {
    "unit": "thing",
    "per": 1000,
    "dollars": 0.5,
    "source": "https://example.org",
    "as_of": "2026-01-01",
    "verified": True,
    "evidence": "x",
}


def write(folder: Path, entry: dict[str, Any]) -> Path:
    path = folder / "table.json"
    path.write_text(json.dumps({"region": "r", "as_of": "2026-01-01", "prices": {"a.b": entry}}))
    return path


@pytest.mark.parametrize("region", regions())
def test_every_price_says_where_it_comes_from_and_of_which_day_it_is(region: str) -> None:
    """And what is not verified says that it is from memory or from whom."""
    table = load_prices(region)
    assert table.prices.keys() >= PRICES.prices.keys()
    for price in table.prices.values():
        assert re.match(r"https://(\w+\.)*aws\.amazon\.com/", price.source), price.key
        assert dt.date.fromisoformat(price.as_of) <= dt.date.fromisoformat(table.as_of), price.key
        assert price.evidence
        if not price.verified:
            assert re.search(r"memory|\.(com|io)\b|public repositories", price.evidence), price.key


def test_a_region_without_prices_is_told_how_to_be_added() -> None:
    """One line with the file to copy."""
    with pytest.raises(CostError) as raised:
        load_prices("eu-west-1")
    assert str(raised.value) == (
        "no prices for region 'eu-west-1', only for us-east-1: copy infra/cost/price_tables/us-east-1.json "
        "to eu-west-1.json and put in that region's prices"
    )
    with pytest.raises(CostError):
        load_prices("../price_tables/us-east-1")


def test_a_price_costs_by_the_number_of_units_it_is_for(tmp_path: Path) -> None:
    """Half a dollar for a thousand."""
    assert read_prices(write(tmp_path, ENTRY))["a.b"].cost(3000) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"dollars": -1}, "0 or more"),
        ({"dollars": float("nan")}, "0 or more"),
        ({"dollars": "0.5"}, "number"),
        ({"per": 0}, "above 0"),
        ({"tiers": [{"up_to": 5, "dollars": 1}]}, "the last one without"),
        ({"tiers": [{"up_to": 5, "dollars": 1}, {"up_to": 4, "dollars": 1}, {"dollars": 1}]}, "rising"),
        ({"tiers": []}, "the last one without"),
    ],
)
def test_a_price_that_cannot_be_right_is_refused(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    """In one line with the file."""
    with pytest.raises(CostError) as raised:
        read_prices(write(tmp_path, {**ENTRY, **change}))
    assert says in str(raised.value)
    assert "table.json" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_price_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Fields, prices, the whole document."""
    without = {name: value for name, value in ENTRY.items() if name != "source"}
    with pytest.raises(CostError, match="'source' is missing"):
        read_prices(write(tmp_path, without))
    with pytest.raises(CostError, match=r"lack kinesis\.none"):
        load_prices("us-east-1")["kinesis.none"]
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(CostError, match=r"broken\.json"):
        read_prices(tmp_path / "broken.json")


def test_the_table_is_part_of_the_package() -> None:
    """An installed `churn` has it too."""
    import tomllib

    root = FOLDER.parent.parent.parent
    data = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    assert set(data["infra.cost"]) == {"measured.json", "price_tables/*.json"}
