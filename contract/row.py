"""The `data` part of an event: typed by the schema, explained where it does not fit."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any

import msgspec

from contract.feature import MAX_SAFE_INTEGER, Feature
from contract.rejection import Rejected, Rejection
from contract.schema import FeatureSchema

_PATH = re.compile(r" - at `\$\.?(?:data)?\.?(?P<field>.*)`$")
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*?)`(?: - at .*)?$")


class RowDecoder:
    """The msgspec type for one schema's features, in schema order.

    A required feature has no default; an optional one may be absent or null, and is None then.
    A category is any string (or integer): unknown ones are the model's business, not a decoding error.
    """

    def __init__(self, schema: FeatureSchema) -> None:
        self._integers = frozenset(f.name for f in schema.features if f.json_type == "integer")
        fields: list[Any] = []
        renamed: dict[str, str] = {}
        for position, feature in enumerate(schema.features):
            attribute = f"feature_{position}"
            renamed[attribute] = feature.name
            kind = _msgspec_type(feature)
            fields.append((attribute, kind) if feature.required else (attribute, kind | None, None))
        self.struct = msgspec.defstruct("Row", fields, frozen=True, kw_only=True, rename=renamed, gc=False)

    def with_whole_floats_as_integers(self, document: Any) -> Any:
        """A parsed event whose integer features hold `1` where the JSON said `1.0`; else unchanged."""
        if not isinstance(document, dict) or not isinstance(document.get("data"), dict):
            return document
        return {**document, "data": {name: self._whole(name, v) for name, v in document["data"].items()}}

    def _whole(self, name: str, value: Any) -> Any:
        is_whole = name in self._integers and isinstance(value, float) and value.is_integer()
        return int(value) if is_whole else value


def _msgspec_type(feature: Feature) -> Any:
    if feature.json_type == "boolean":
        return bool
    if feature.json_type == "string":
        # Empty text stands for "missing" in the model graph, so a required category cannot be empty.
        return Annotated[str, msgspec.Meta(min_length=1)] if feature.required else str
    if feature.json_type == "integer":
        low = max(math.ceil(feature.minimum), -MAX_SAFE_INTEGER)
        high = min(math.floor(feature.maximum), MAX_SAFE_INTEGER)
        return Annotated[int, msgspec.Meta(ge=low, le=high)]
    return Annotated[float, msgspec.Meta(ge=feature.minimum, le=feature.maximum)]


def _in_json_words(message: str) -> str:
    """`Expected `int`, got `str`` as "expected integer, got string": the reader may not know Python."""
    words = {"`int": "`integer", "`float": "`number", "`str": "`string", "`bool": "`boolean", " | null": ""}
    for python_word, json_word in words.items():
        message = message.replace(python_word, json_word)
    message = message.replace("`", "")
    return message[:1].lower() + message[1:]


def explain(message: str) -> Rejected:
    """A msgspec validation message as a Rejected that names the field at fault and what was expected."""
    missing = _MISSING.search(message)
    if missing:
        return Rejected(Rejection.MISSING, missing["field"], "missing, and it is required")
    path = _PATH.search(message)
    field = path["field"] if path else ""
    detail = _in_json_words(message[: path.start()] if path else message)
    if message.startswith("Invalid enum value"):  # of the envelope's own constant; the rest is the payload's
        return Rejected(Rejection.NOT_AN_EVENT, "specversion", 'expected "1.0"')
    if field == "time":
        return Rejected(Rejection.BAD_TIME, field, "expected RFC 3339 text with a time zone")
    if not field:
        return Rejected(Rejection.NOT_AN_EVENT, "data" if path and "data" in path[0] else "", detail)
    if "got null" in detail or "length >= 1" in detail:
        return Rejected(Rejection.MISSING, field, "empty, and it is required")
    if ", got " in detail:
        return Rejected(Rejection.WRONG_TYPE, field, detail)
    return Rejected(Rejection.OUT_OF_RANGE, field, detail)
