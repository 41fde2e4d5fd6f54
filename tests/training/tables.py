"""Small labelled tables with a known mechanism, for tests."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from contract.schema import FeatureSchema, parse_schema
from training.data.dataset import Table, table_from_rows

DOCUMENT: dict[str, Any] = {
    "$id": "shop",
    "type": "object",
    "x-id": "customer",
    "x-label": "left",
    "x-label-positive": "yes",
    "properties": {
        "months": {"type": "integer", "minimum": 0, "maximum": 600},
        "spend": {"type": "number", "minimum": -1000},
        "plan": {"type": "string", "enum": ["basic", "plus", "pro"]},
        "senior": {"type": "integer", "enum": [0, 1]},
        "app": {"type": "boolean"},
    },
    "required": ["months", "plan", "senior"],
}
SHOP = parse_schema(DOCUMENT)

Row = dict[str, Any]


def shop_rows(count: int = 400, seed: int = 0) -> list[Row]:
    """Customers who leave mostly when they are new or on the basic plan."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        months, plan = int(random.integers(0, 60)), str(random.choice(["basic", "plus", "pro"]))
        margin = 1.0 - months / 15 + (1.5 if plan == "basic" else 0.0)
        rows.append(
            {
                "customer": f"c{number}",
                "months": months,
                "spend": None if number % 17 == 0 else round(abs(float(random.normal(50, 20))), 2),
                "plan": plan,
                "senior": int(random.integers(0, 2)),
                "app": None if number % 23 == 0 else bool(random.integers(0, 2)),
                "left": "yes" if random.random() < 1 / (1 + math.exp(-margin)) else "no",
            }
        )
    return rows


def shop_table(count: int = 400, seed: int = 0) -> Table:
    return table_from_rows(shop_rows(count, seed), SHOP, "shop")


def schema_of(properties: Mapping[str, Mapping[str, Any]], required: Iterable[str] = ()) -> FeatureSchema:
    """A schema like SHOP with other features."""
    return parse_schema({**DOCUMENT, "properties": dict(properties), "required": list(required)})


def write_csv(path: Path, rows: list[Row]) -> Path:
    """Rows as a CSV with a header; None is a blank cell."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
