"""Peer: the same logistic regression from a JSON of weights, in Python alone, one event at a time."""

from __future__ import annotations

import base64
import json
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from contract.schema import FeatureSchema
from loadtest.peers.items import Facts, ItemMaker, Record, bare_body
from training.models.candidates import CATEGORIES, ENCODE, MODEL, NUMBERS


class Curve(NamedTuple):
    """A number's part in the log-odds: a line between each two knots, flat outside."""

    name: str
    knots: list[float]
    heights: list[float]  # at the knots
    slopes: list[float]  # from each knot to the next
    missing: float


class PurePython:
    """base64 → json → a dictionary look-up per category, a bisection per number → item → request body.

    Neither numpy nor a model library is used at serving time. The curves are laid out beforehand, so that a
    number costs one bisection, not one step per bin. Leaves out, in its favour: checks, boto3, the order
    of a customer's events, reasons and unseen categories.
    """

    def __init__(self, weights: str, facts: Facts) -> None:
        document = json.loads(weights)
        self._intercept: float = document["intercept"]
        self._curves = [Curve(**curve) for curve in document["curves"]]
        self._levels = [(name, dict(levels)) for name, levels in document["levels"]]
        self._facts = facts

    def __call__(self, records: Sequence[Record]) -> list[bytes]:
        """The bodies of one PutItem request for each of the records."""
        make = ItemMaker(self._facts)
        bodies = []
        for record in records:
            event = json.loads(base64.b64decode(record["kinesis"]["data"]))
            bodies.append(bare_body(make(event, self._probability(event["data"]))))
        return bodies

    def _probability(self, data: dict[str, Any]) -> float:
        margin = self._intercept
        for name, knots, heights, slopes, missing in self._curves:
            value = data.get(name)
            if value is None:
                margin += missing
                continue
            left = bisect_right(knots, value) - 1
            if left < 0:
                margin += heights[0]
            elif left >= len(slopes):
                margin += heights[-1]
            else:
                margin += heights[left] + slopes[left] * (value - knots[left])
        for name, levels in self._levels:
            margin += levels.get(data.get(name), 0.0)
        return 1 / (1 + math.exp(-margin))


def weights_of(pipeline: Any, schema: FeatureSchema) -> str:
    """A fitted `logistic_bins` pipeline as the JSON that PurePython reads.

    Levels are pairs, as an event's JSON has them: a number or a boolean is no key of a JSON object.
    """
    parts = {name: (encoder, columns) for name, encoder, columns in pipeline[ENCODE].transformers_}
    model = pipeline[MODEL]
    numbers, names = parts[NUMBERS]
    one_hot, categories = parts[CATEGORIES]
    ramps, marks, rest = np.split(model.coef_[0], np.cumsum([len(numbers.owners_), len(numbers.marked_)]))
    missing = dict(zip(numbers.marked_.tolist(), marks.tolist(), strict=True))
    curves = [
        _curve(name, numbers, ramps[numbers.owners_ == i], i, missing.get(i, 0.0))._asdict()
        for i, name in enumerate(names)
    ]
    weights = iter(rest.tolist())
    types = {feature.name: feature.json_type for feature in schema.categorical}
    levels = [
        [name, [[_value(text, types[name]), next(weights)] for text in known]]
        for name, known in zip(categories, one_hot.categories_, strict=True)
    ]
    return json.dumps({"intercept": float(model.intercept_[0]), "curves": curves, "levels": levels})


def _curve(name: str, numbers: Any, weights: Any, column: int, mark: float) -> Curve:
    knots = numbers.column_knots_[column].astype(float).tolist()
    heights = [0.0, *accumulate(weights.tolist())]
    slopes = list(_slopes(knots, heights))
    at_median = float(np.interp(numbers.medians_[column], knots, heights))
    return Curve(name, knots, heights, slopes, missing=mark + at_median)


def _slopes(knots: Sequence[float], heights: Sequence[float]) -> Iterator[float]:
    for left in range(len(knots) - 1):
        width = knots[left + 1] - knots[left]
        yield (heights[left + 1] - heights[left]) / width if width else 0.0


def _value(text: str, json_type: str) -> Any:
    """A level as an event's JSON has it; a missing one is null."""
    if not text:
        return None
    return text if json_type == "string" else json.loads(text)
