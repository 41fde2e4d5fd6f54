"""Synthetic customers with a known reason to churn: for training, demos, tests and load.

Everything follows from the seed: the same seed gives the same customers, and the first n of a larger
population are the same as a population of n.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

from contract.event import encode_event
from producer import synthetic_music, synthetic_telco
from producer.errors import UnknownGeneratorError
from producer.event_ids import EventIds
from producer.population import Columns

SOURCE = "/churn/synthetic"
EVENTS_PER_CUSTOMER = 5  # on average, where the number of customers is not given
# Customers are drawn in blocks, each from its own random stream, so that memory stays bounded.
BLOCK_CUSTOMERS = 5_000
_DRAW, _LABEL, _LATER = range(3)  # which of a block's random streams


class Mechanism(Protocol):
    """What a population must define; each is a module (synthetic_telco, synthetic_music)."""

    ID_COLUMN: str
    LABEL_COLUMN: str
    LABELS: tuple[Any, Any]
    BLANK: str

    def draw(self, random: Generator, count: int) -> Columns: ...
    def next_month(self, columns: Columns, random: Generator) -> Columns: ...
    def leaves(self, columns: Columns, random: Generator) -> NDArray[np.bool_]: ...
    def churn_probability(self, columns: Columns) -> NDArray[np.float64]: ...
    def customer_id(self, number: int, seed: int) -> str: ...


_MECHANISMS: dict[str, Mechanism] = {"telco": synthetic_telco, "music": synthetic_music}


class SyntheticEvent(NamedTuple):
    """One encoded event, with the parts that decide which of a customer's events is the newest."""

    customer_id: str
    event_id: str
    time_ms: int
    payload: bytes


def customers(schema_name: str, count: int, seed: int) -> Iterator[dict[str, Any]]:
    """Labelled rows as a CSV would have them: id, features in schema order, label; blank where missing.

    Raises UnknownGeneratorError where the schema has no generator.
    """
    mechanism = _mechanism(schema_name)
    return _customer_rows(mechanism, count, seed)


def _customer_rows(mechanism: Mechanism, count: int, seed: int) -> Iterator[dict[str, Any]]:
    for block, start in enumerate(range(0, count, BLOCK_CUSTOMERS)):
        columns = mechanism.draw(default_rng((seed, block, _DRAW)), BLOCK_CUSTOMERS)
        churned = default_rng((seed, block, _LABEL)).random(BLOCK_CUSTOMERS) < mechanism.churn_probability(
            columns
        )
        rows = _rows(columns)
        for offset, has_churned in enumerate(churned[: count - start].tolist()):
            features = {
                name: mechanism.BLANK if value is None else value for name, value in rows[offset].items()
            }
            yield {
                mechanism.ID_COLUMN: mechanism.customer_id(start + offset, seed),
                **features,
                mechanism.LABEL_COLUMN: mechanism.LABELS[has_churned],
            }


def true_probability(schema_name: str, rows: Sequence[Mapping[str, Any]]) -> NDArray[np.float64]:
    """What the mechanism says about rows of `customers`, shape (n,): the best any model can predict."""
    mechanism = _mechanism(schema_name)
    columns = {name: np.array([row[name] for row in rows], dtype=object) for name in rows[0]}
    return mechanism.churn_probability(columns)


def events(
    schema_name: str, count: int, seed: int, *, customers: int | None = None, now_ms: int | None = None
) -> Iterator[SyntheticEvent]:
    """`count` updates of a population: month by month, every account once, in a new random order.

    With `now_ms` (milliseconds since 1970 UTC) the last event has that time, the others are a millisecond
    apart before it, and all bytes follow from the seed. Without it each event happens when it is taken.
    Raises UnknownGeneratorError where the schema has no generator.
    """
    mechanism = _mechanism(schema_name)
    population = max(1, count // EVENTS_PER_CUSTOMER) if customers is None else customers
    if population < 1:
        raise ValueError(f"customers: found {population}, expected at least 1")
    snapshots = _snapshots(mechanism, population, seed)
    if now_ms is None:
        return _encode(snapshots, count, EventIds(), None)
    return _encode(snapshots, count, EventIds(Random(seed).getrandbits), now_ms - count + 1)


def _encode(
    snapshots: Iterator[tuple[str, dict[str, Any]]], count: int, ids: EventIds, first_ms: int | None
) -> Iterator[SyntheticEvent]:
    for number, (customer_id, data) in zip(range(count), snapshots, strict=False):
        time_ms = time.time_ns() // 1_000_000 if first_ms is None else first_ms + number
        event_id = ids.new(time_ms)
        payload = encode_event(customer_id, data, event_id=event_id, time_ms=time_ms, source=SOURCE)
        yield SyntheticEvent(customer_id, event_id, time_ms, payload)


def _snapshots(mechanism: Mechanism, count: int, seed: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Customers and their features, for ever: in every month each account once.

    Holders leave, the riskiest soonest, and their accounts pass to newcomers, so that the population looks
    the same after a thousand months as after one.
    """
    columns = _population(mechanism, count, seed)
    names = [mechanism.customer_id(number, seed) for number in range(count)]
    random = default_rng((seed, 0, _LATER))
    while True:
        rows = _rows(columns)
        for position in random.permutation(count).tolist():
            yield names[position], rows[position]
        columns = mechanism.next_month(columns, random)
        leaving = np.flatnonzero(mechanism.leaves(columns, random))
        newcomers = mechanism.draw(random, len(leaving))
        for name, values in newcomers.items():
            columns[name][leaving] = values


def _population(mechanism: Mechanism, count: int, seed: int) -> Columns:
    blocks = [
        mechanism.draw(default_rng((seed, block, _DRAW)), BLOCK_CUSTOMERS)
        for block in range(-(-count // BLOCK_CUSTOMERS))
    ]
    return {name: np.concatenate([block[name] for block in blocks])[:count] for name in blocks[0]}


def _rows(columns: Columns) -> list[dict[str, Any]]:
    """Columns as one dict per customer; NaN and "" become None."""
    sequences = [_with_none(column) for column in columns.values()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*sequences, strict=True)]


def _with_none(column: NDArray[Any]) -> list[Any]:
    values: list[Any] = column.tolist()
    if column.dtype.kind == "f":
        return [None if value != value else value for value in values]
    return [None if value == "" else value for value in values] if column.dtype.kind == "O" else values


def _mechanism(schema_name: str) -> Mechanism:
    if schema_name not in _MECHANISMS:
        known = ", ".join(_MECHANISMS)
        raise UnknownGeneratorError(
            f"schema {schema_name!r}: has no synthetic customers; {known} have, or give your own table"
        )
    return _MECHANISMS[schema_name]
