"""AWS's list prices of one region, from a data file that says where each comes from (price_tables/)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.errors import CostError, CostUsageError

FOLDER = Path(__file__).parent / "price_tables"


@dataclass(frozen=True, slots=True)
class Price:
    """What `per` units cost in dollars: one step where everything costs the same, else the steps of a
    staircase, (units up to which the step reaches, dollars), the last one without an end.

    `verified` is False where nobody found the number in AWS's own words.
    """

    key: str
    unit: str
    per: float
    steps: tuple[tuple[float, float], ...]
    source: str
    as_of: str
    verified: bool
    evidence: str

    def cost(self, quantity: float) -> float:
        """Dollars for a quantity of `unit` in one month; each step's units at that step's price."""
        dollars, begin = 0.0, 0.0
        for end, price in self.steps:
            dollars += max(0.0, min(quantity, end) - begin) / self.per * price
            begin = end
        return dollars


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a bill: so many units a month, and their price in dollars a month."""

    service: str
    what: str
    quantity: float
    unit: str
    dollars: float
    price: Price

    def document(self) -> dict[str, Any]:
        """As JSON; the prices' own facts are in the document's `prices`."""
        return {
            "service": self.service,
            "what": self.what,
            "quantity": self.quantity,
            "unit": self.unit,
            "dollars": self.dollars,
            "price": self.price.key,
        }


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The prices of one region, `as_of` the day on which the file was made."""

    region: str
    as_of: str
    prices: Mapping[str, Price]

    def line(self, service: str, what: str, key: str, quantity: float) -> Line:
        """A quantity at the price of that key. Raises CostError where the table lacks it."""
        price = self[key]
        return Line(service, what, quantity, price.unit, price.cost(quantity), price)

    def __getitem__(self, key: str) -> Price:
        if key not in self.prices:
            raise CostError(f"the prices of {self.region} lack {key}: add it to {FOLDER / self.region}.json")
        return self.prices[key]


def regions() -> list[str]:
    """The regions that there are prices of."""
    return sorted(path.stem for path in FOLDER.glob("*.json"))


def load_prices(region: str) -> PriceTable:
    """The prices of a region. Raises CostUsageError for one without, saying how to add it."""
    if region not in regions():
        raise CostUsageError(
            f"no prices for region {region!r}, only for {', '.join(regions())}: copy "
            f"infra/cost/price_tables/us-east-1.json to {region}.json and put in that region's prices"
        )
    return read_prices(FOLDER / f"{region}.json")


def read_prices(path: Path) -> PriceTable:
    """The prices of a file. Raises CostError where something in it is missing or no price."""
    try:
        document = json.loads(path.read_text())
        prices = {key: _price(key, entry) for key, entry in document["prices"].items()}
        return PriceTable(document["region"], document["as_of"], prices)
    except KeyError as error:
        raise CostError(f"{path}: {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise CostError(f"{path}: {error}") from error


def _price(key: str, entry: Mapping[str, Any]) -> Price:
    steps = [(step.get("up_to", math.inf), step["dollars"]) for step in entry.get("tiers", [entry])]
    ends = [end for end, _ in steps]
    if ends != sorted(set(ends)) or ends[-1:] != [math.inf]:
        raise ValueError(f"{key}: expected tiers with rising up_to, the last one without")
    if not all(math.isfinite(dollars) and dollars >= 0 for _, dollars in steps) or not entry["per"] > 0:
        raise ValueError(f"{key}: expected dollars of 0 or more for a number of units above 0")
    return Price(
        key=key,
        unit=entry["unit"],
        per=entry["per"],
        steps=tuple(steps),
        source=entry["source"],
        as_of=entry["as_of"],
        verified=entry["verified"],
        evidence=entry["evidence"],
    )
