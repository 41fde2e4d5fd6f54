"""One model input: what a schema may say of it, and what is made of that."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from contract.errors import SchemaError
from contract.graph import OUTPUTS

NAME_OF_FEATURE = re.compile(r"""[^"'`\\\x00-\x1f\x7f\ud800-\udfff]+""")
FLOAT32_MAX = 3.4028234663852886e38
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8259 section 6: integers beyond this are not interoperable

JsonType = Literal["number", "integer", "string", "boolean"]
JSON_TYPES: tuple[JsonType, ...] = ("number", "integer", "string", "boolean")


@dataclass(frozen=True, slots=True)
class Feature:
    """One model input.

    A feature is *categorical* when it has an `enum` or is boolean, else *numeric*. `enum` lists the
    categories the business knows; an event may still carry another one (it is scored and flagged).
    `minimum` and `maximum` are inclusive and always finite: float32 bounds them where the schema does not.
    """

    name: str
    json_type: JsonType
    required: bool
    enum: tuple[str, ...] = ()
    minimum: float = -FLOAT32_MAX
    maximum: float = FLOAT32_MAX
    description: str = ""

    @property
    def is_categorical(self) -> bool:
        return bool(self.enum)


def category_text(value: object) -> str:
    """The one spelling of a category in models and manifests: `true`/`false`, `0`, or the text itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def is_feature_name(name: str) -> bool:
    """Whether an ONNX graph and a DynamoDB item can carry the name as it is."""
    return name not in OUTPUTS and NAME_OF_FEATURE.fullmatch(name) is not None


def parse_feature(name: str, spec: object, required: bool) -> Feature:
    """One entry of a schema's `properties`. Raises SchemaError naming the part at fault."""
    if not is_feature_name(name):
        raise SchemaError(
            f"schema feature {name!r}: expected a name without quotes, backslashes and control characters, "
            f"other than {', '.join(OUTPUTS)}"
        )
    if not isinstance(spec, dict):
        raise SchemaError(f'schema feature {name!r}: expected an object such as {{"type": "number"}}')
    json_type = spec.get("type")
    if json_type not in JSON_TYPES:
        raise SchemaError(
            f"schema feature {name!r}: type {json_type!r} is not one of {', '.join(JSON_TYPES)}"
        )
    minimum, maximum = _bound(name, spec, "minimum"), _bound(name, spec, "maximum")
    enum = _parse_enum(name, json_type, spec.get("enum"))
    if minimum is not None and maximum is not None and minimum > maximum:
        raise SchemaError(f"schema feature {name!r}: minimum {minimum:g} is above maximum {maximum:g}")
    if json_type == "integer":
        _check_integers(name, minimum or 0, maximum or 0)
    return Feature(
        name=name,
        json_type=json_type,
        required=required,
        enum=enum,
        minimum=-FLOAT32_MAX if minimum is None else minimum,
        maximum=FLOAT32_MAX if maximum is None else maximum,
        description=str(spec.get("description", "")),
    )


def _bound(name: str, spec: Mapping[str, Any], key: str) -> float | None:
    value = spec.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise SchemaError(f"schema feature {name!r}: {key} must be a number, found {value!r}")
    # A number beyond float32 would reach the graph as infinity.
    return max(-FLOAT32_MAX, min(value, FLOAT32_MAX))


def _check_integers(name: str, minimum: float, maximum: float) -> None:
    """Bounds that would leave no integer JSON can carry (RFC 8259 section 6) are refused."""
    if not -MAX_SAFE_INTEGER <= minimum <= MAX_SAFE_INTEGER:
        raise SchemaError(
            f"schema feature {name!r}: minimum {minimum:g} is beyond the integers JSON can carry"
        )
    if maximum < -MAX_SAFE_INTEGER:
        raise SchemaError(
            f"schema feature {name!r}: maximum {maximum:g} is beyond the integers JSON can carry"
        )


def _parse_enum(name: str, json_type: JsonType, values: object) -> tuple[str, ...]:
    if json_type == "boolean":
        return ("false", "true")
    if values is None:
        if json_type == "string":
            raise SchemaError(f'schema feature {name!r}: a string needs an "enum" of its known categories')
        return ()
    expected = {"string": str, "integer": int}.get(json_type)
    if expected is None:
        raise SchemaError(f'schema feature {name!r}: "enum" goes with string or integer, not {json_type}')
    if not isinstance(values, list) or not values:
        raise SchemaError(f'schema feature {name!r}: "enum" must be a list with at least one value')
    if any(not isinstance(v, expected) or isinstance(v, bool) or v == "" for v in values):
        raise SchemaError(f'schema feature {name!r}: every "enum" value must be a non-empty {json_type}')
    texts = tuple(category_text(value) for value in values)
    if len(set(texts)) != len(texts):
        raise SchemaError(f'schema feature {name!r}: "enum" repeats a value')
    return texts
