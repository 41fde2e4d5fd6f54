"""Events gone wrong in every way we could think of; the same random numbers give the same bytes."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Mapping
from typing import Any

from contract.event import format_time
from contract.schema import FeatureSchema
from scorer.aggregation import CHECKSUM_BYTES, MAGIC
from tests.fuzz.mutations import (
    BASE64_MUTATIONS,
    BYTE_MUTATIONS,
    KPL_PARTS,
    PAIR_MUTATIONS,
    TEXT_MUTATIONS,
    Pairs,
)
from tests.fuzz.tokens import ODD_TIMES
from tests.kpl import aggregated, sealed

FEW_CUSTOMERS = ("a", "b", "c", "ü/#", " ", "\U0001f642", "7590-VHVEG", "%s", 'O"Brien\\', "\x00\n\x7f\u2028")
DAY_MS = 86_400_000
# Of an event and its batch: ties, and one step to either side of what is still accepted.
TIMES_APART = (-30 * DAY_MS - 1, -30 * DAY_MS, -DAY_MS, -1, 0, 0, 1, 2, 300_000, 300_001)


class Mutator:
    """Makes events of one schema, about a third of them left as they should be."""

    def __init__(self, schema: FeatureSchema, row: Mapping[str, Any], now_ms: int) -> None:
        self._schema = schema
        self._row = row
        self._now_ms = now_ms

    def payload(self, chance: random.Random) -> bytes:
        """One event's bytes."""
        attributes, data = self._event(chance)
        if chance.random() < 0.35:
            return _written(attributes, data)
        for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
            chance.choice(PAIR_MUTATIONS)(chance, chance.choice((attributes, data, data)))
        if chance.random() < 0.15:
            _set(attributes, "time", json.dumps(chance.choice(ODD_TIMES), ensure_ascii=chance.random() < 0.5))
        payload = _written(attributes, data)
        if chance.random() < 0.2:
            payload = chance.choice(TEXT_MUTATIONS)(chance, payload)
        for _ in range(chance.choice((0, 0, 0, 1, 1, 2, 4))):
            payload = chance.choice(BYTE_MUTATIONS)(chance, payload)
        return payload

    def data_text(self, chance: random.Random) -> str:
        """The `data` of one Kinesis record as Lambda delivers it: base64, mostly, of an event, mostly."""
        payload = self._record(chance)
        text = base64.b64encode(payload).decode()
        return chance.choice(BASE64_MUTATIONS)(chance, text) if chance.random() < 0.04 else text

    def _record(self, chance: random.Random) -> bytes:
        kind = chance.random()
        if kind < 0.85:
            return self.payload(chance)
        datas = [self.payload(chance) for _ in range(chance.choice((0, 1, 2, 3, 8)))]
        if kind < 0.93:
            return aggregated(datas, key=chance.choice(FEW_CUSTOMERS))
        if kind < 0.95:
            return aggregated([aggregated(datas), *datas])
        if kind < 0.98:
            message = aggregated(datas)[len(MAGIC) : -CHECKSUM_BYTES]
            return sealed(chance.choice(BYTE_MUTATIONS)(chance, message + chance.choice(KPL_PARTS)))
        return chance.choice(BYTE_MUTATIONS)(chance, aggregated(datas))

    def _event(self, chance: random.Random) -> tuple[Pairs, Pairs]:
        """A valid event, with few customers, times and ids, so that ties and duplicates are common."""
        attributes = {
            "specversion": "1.0",
            "id": chance.choice(("1", "2", "10", "é#", '"\\\t', "x" * 200)),
            "source": "/crm",
            "type": "customer.updated",
            "subject": chance.choice((*FEW_CUSTOMERS, f"customer-{chance.randrange(10_000)}")),
            "time": format_time(self._now_ms + chance.choice(TIMES_APART)),
        }
        data = dict(self._row)
        for feature in self._schema.features:
            if not feature.required and chance.random() < 0.2:
                data.pop(feature.name, None)
            elif feature.json_type in ("integer", "number") and chance.random() < 0.3 and not feature.enum:
                data[feature.name] = chance.choice((feature.minimum, 0, 1, 7, 31.0, feature.maximum))
        return _pairs(attributes), _pairs(data)


def _pairs(values: Mapping[str, Any]) -> Pairs:
    return [(json.dumps(name), json.dumps(value)) for name, value in values.items()]


def _written(attributes: Pairs, data: Pairs) -> bytes:
    parts = [*attributes, ('"data"', _object(data))]
    return _object(parts).encode(errors="surrogatepass")


def _object(pairs: Pairs) -> str:
    return "{" + ",".join([f"{name}:{value}" for name, value in pairs]) + "}"


def _set(pairs: Pairs, name: str, value: str) -> None:
    pairs[:] = [(n, value if n == f'"{name}"' else v) for n, v in pairs]
