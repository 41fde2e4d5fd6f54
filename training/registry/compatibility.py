"""Whether a new schema still takes the events that the old one takes."""

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
