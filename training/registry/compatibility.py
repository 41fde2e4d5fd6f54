"""Whether a new schema still takes the events, or fills the inputs, that the old one does."""

from __future__ import annotations

from collections.abc import Iterator

from contract.feature import Feature
from contract.schema import FeatureSchema


def stricter_demands(new: FeatureSchema, old: FeatureSchema) -> tuple[str, ...]:
    """What `new` asks of an event that `old` does not, a phrase each.

    Empty where no event that `old` accepts is rejected for a feature that it knows. Features left out, new
    optional ones and other categories reject nothing.
    """
    known = {feature.name: feature for feature in old.features}
    return tuple(demand for feature in new.features for demand in _demands(feature, known.get(feature.name)))


def _demands(new: Feature, old: Feature | None) -> Iterator[str]:
    if old is None:
        if new.required:
            yield f"{new.name} is new and required"
        return
    if new.required and not old.required:
        yield f"{new.name} is required, was optional"
    if new.json_type != old.json_type:
        yield f"{new.name} is {new.json_type}, was {old.json_type}"
        return
    if new.minimum > old.minimum:
        yield f"{new.name} has minimum {new.minimum:g}, was {old.minimum:g}"
    if new.maximum < old.maximum:
        yield f"{new.name} has maximum {new.maximum:g}, was {old.maximum:g}"


def cannot_be_fed(reader: FeatureSchema, table: FeatureSchema) -> str:
    """Why a model of schema `reader` cannot score a table read by schema `table`; empty where it can."""
    if (reader.label_column, reader.label_positive) != (table.label_column, table.label_positive):
        return (
            f"it predicts {reader.label_column} = {reader.label_positive}, "
            f"the table holds {table.label_column} = {table.label_positive}"
        )
    found = {feature.name: feature for feature in table.features}
    absent = [each.name for each in reader.features if each.name not in found]
    if absent:
        return f"it needs {', '.join(absent)}, which schema {table.name} does not read"
    other = [each.name for each in reader.features if each.is_categorical != found[each.name].is_categorical]
    return f"it takes {', '.join(other)} for another kind of feature" if other else ""
