"""Features are data: a JSON Schema file says what an event may carry and what a model is fed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import SchemaError
from contract.feature import Feature, category_text, parse_feature

BUILT_IN_DIR = Path(__file__).parent / "schemas"
# The name becomes part of stack and bucket names, and S3 allows 63 characters in all.
NAME_PATTERN = re.compile(r"[a-z][a-z0-9-]{0,18}[a-z0-9]")


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
    slices: tuple[str, ...] = ()  # features by which a report looks at parts of the customers

    @property
    def feature_names(self) -> tuple[str, ...]:
        return tuple(feature.name for feature in self.features)

    @property
    def numeric(self) -> tuple[Feature, ...]:
        return tuple(feature for feature in self.features if not feature.is_categorical)

    @property
    def categorical(self) -> tuple[Feature, ...]:
        return tuple(feature for feature in self.features if feature.is_categorical)


def built_in_schemas() -> tuple[str, ...]:
    """Names of the schemas shipped with the package."""
    return tuple(sorted(path.stem for path in BUILT_IN_DIR.glob("*.json")))


def load_schema(name_or_path: str | Path) -> FeatureSchema:
    """Read a built-in schema by name, or any schema by file path.

    Raises SchemaError with one line where there is no such schema or the file is not usable.
    """
    text = str(name_or_path)
    path = BUILT_IN_DIR / f"{text}.json" if text in built_in_schemas() else Path(text)
    try:
        return parse_schema(json.loads(path.read_bytes()))
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error
    except FileNotFoundError:
        known = ", ".join(built_in_schemas())
        raise SchemaError(f"schema {text!r}: no such file or built-in schema; built in are {known}") from None
    except IsADirectoryError:
        raise SchemaError(f"schema {text!r}: a folder; expected a JSON Schema file") from None
    except RecursionError:
        raise SchemaError(f"schema {path}: nested too deeply; expected a JSON Schema") from None
    except (ValueError, OSError) as error:
        raise SchemaError(f"schema {path}: not readable as JSON ({error})") from error


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
    features = tuple(parse_feature(key, spec, key in required) for key, spec in properties.items())
    label_positive = document.get("x-label-positive", "Yes")
    return FeatureSchema(
        name=name,
        features=features,
        id_column=_column(document, "x-id", properties),
        label_column=_column(document, "x-label", properties),
        label_positive=category_text(label_positive),
        document=document,
        slices=_slices(document, properties),
    )


def _slices(document: Mapping[str, Any], properties: Mapping[str, Any]) -> tuple[str, ...]:
    slices = document.get("x-slices", [])
    if not isinstance(slices, list) or not all(isinstance(s, str) and s in properties for s in slices):
        raise SchemaError(
            f'schema {document["$id"]}: "x-slices" must list names that are under "properties", '
            f"found {slices!r}"
        )
    return tuple(slices)


def _column(document: Mapping[str, Any], key: str, properties: Mapping[str, Any]) -> str:
    column = document.get(key)
    if not isinstance(column, str) or not column:
        raise SchemaError(f'schema {document["$id"]}: expected a column name under "{key}"')
    if column in properties:
        raise SchemaError(f'schema {document["$id"]}: "{key}" column {column!r} must not also be a feature')
    if document.get("x-id") == document.get("x-label"):
        raise SchemaError(f'schema {document["$id"]}: "x-id" and "x-label" are both {column!r}; expected two')
    return column
