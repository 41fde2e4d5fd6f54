"""Features are data: a JSON Schema file says what an event may carry and what a model is fed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from contract.errors import SchemaError
from contract.graph import OUTPUTS

BUILT_IN_DIR = Path(__file__).parent / "schemas"
# The name becomes part of stack and bucket names, and S3 allows 63 characters in all.
NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")
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


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """An ordered set of features, and which table columns hold the customer id and the label.

    `features` keeps the order of the file's `properties`; reasons refer to features by that order.
    `document` is the JSON Schema itself, so that a manifest can carry it unchanged.
    """

    name: str
    features: tuple[Feature, ...]
    id_column: str
    label_column: str
    label_positive: str
    document: Mapping[str, Any]

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def numeric(self) -> tuple[Feature, ...]:
        return tuple(feature for feature in self.features if not feature.is_categorical)

    @property
    def categorical(self) -> tuple[Feature, ...]:
        return tuple(feature for feature in self.features if feature.is_categorical)


def category_text(value: object) -> str:
    """The one spelling of a category in models and manifests: `true`/`false`, `0`, or the text itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def built_in_schemas() -> tuple[str, ...]:
    """Names of the schemas shipped with the package."""
    return tuple(sorted(path.stem for path in BUILT_IN_DIR.glob("*.json")))


def load_schema(name_or_path: str | Path) -> FeatureSchema:
    """Read a built-in schema by name, or any schema by file path.

    Raises SchemaError with one line where there is no such schema or the file is not usable.
    """
    text = str(name_or_path)
    path = BUILT_IN_DIR / f"{text}.json" if text in built_in_schemas() else Path(text)
    if not path.is_file():
        known = ", ".join(built_in_schemas())
        raise SchemaError(f"schema {text!r}: no such file or built-in schema; built in are {known}")
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, OSError) as error:
        raise SchemaError(f"schema {path}: not readable as JSON ({error})") from error
    return parse_schema(document)


def parse_schema(document: object) -> FeatureSchema:
    """Turn a JSON Schema document into a FeatureSchema, or raise SchemaError naming the part at fault."""
    if not isinstance(document, dict):
        raise SchemaError("schema: expected a JSON object at the top level")
    name = document.get("$id")
    if not isinstance(name, str) or not NAME_PATTERN.fullmatch(name):
        raise SchemaError(
            f"schema $id: found {name!r}, expected 2 to 20 of a-z, 0-9 and '-', starting with a letter"
        )
    if document.get("type") != "object":
        raise SchemaError(f'schema {name}: expected "type": "object", found {document.get("type")!r}')
    properties = document.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise SchemaError(f'schema {name}: expected at least one feature under "properties"')
    required = document.get("required", [])
    if not isinstance(required, list) or not set(map(str, required)) <= set(properties):
        raise SchemaError(f'schema {name}: "required" must list names that are under "properties"')
    features = tuple(_parse_feature(key, spec, key in required) for key, spec in properties.items())
    label_positive = document.get("x-label-positive", "Yes")
    return FeatureSchema(
        name=name,
        features=features,
        id_column=_column(document, "x-id", properties),
        label_column=_column(document, "x-label", properties),
        label_positive=category_text(label_positive),
        document=document,
    )


def _column(document: Mapping[str, Any], key: str, properties: Mapping[str, Any]) -> str:
    column = document.get(key)
    if not isinstance(column, str) or not column:
        raise SchemaError(f'schema {document["$id"]}: expected a column name under "{key}"')
    if column in properties:
        raise SchemaError(f'schema {document["$id"]}: "{key}" column {column!r} must not also be a feature')
    return column


def _parse_feature(name: str, spec: object, required: bool) -> Feature:
    if name in OUTPUTS or not NAME_OF_FEATURE.fullmatch(name):
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
    if json_type == "integer" and not -MAX_SAFE_INTEGER <= (minimum or 0) <= MAX_SAFE_INTEGER:
        raise SchemaError(
            f"schema feature {name!r}: minimum {minimum:g} is beyond the integers JSON can carry"
        )
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
