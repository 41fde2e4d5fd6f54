"""Two versions side by side, by what their manifests say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from contract.errors import ManifestError
from contract.feature import Feature
from contract.manifest import Manifest
from training.errors import RegistryError
from training.wording import listed

Value: TypeAlias = str | float | int | None
SHA256_SHOWN = 12  # digits; enough to tell two graphs apart


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of both. `std_*` are over folds, where it was cross-validated."""

    name: str
    first: Value
    second: Value
    std_first: float | None = None
    std_second: float | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """`figures` of both versions, and in words what else differs: libraries, features, categories.

    Cross-validated figures of different rows, or folds, differ by chance: `warning` says so, or is empty.
    """

    first: str
    second: str
    figures: tuple[Line, ...]
    differences: tuple[str, ...]
    warning: str


def compare(first: Manifest, second: Manifest) -> Comparison:
    """What differs between two versions. Raises RegistryError where a schema cannot be read."""
    return Comparison(
        first=first.version,
        second=second.version,
        figures=(*_metrics(first, second), *_facts(first, second)),
        differences=(
            *_versions_of("library", first.libraries, second.libraries),
            *_features(first, second),
            *_categories(first, second),
        ),
        warning=_warning(first, second),
    )


def _metrics(first: Manifest, second: Manifest) -> Iterator[Line]:
    for name in dict.fromkeys([*first.metrics, *second.metrics]):
        ours, theirs = first.metrics.get(name), second.metrics.get(name)
        yield Line(
            name,
            ours.mean if ours else None,
            theirs.mean if theirs else None,
            ours.std if ours else None,
            theirs.std if theirs else None,
        )


def _facts(first: Manifest, second: Manifest) -> Iterator[Line]:
    both = _facts_of(first), _facts_of(second)
    for name in both[0]:
        if not (name in first.metrics and name in second.metrics):  # manifests of old have the ECE here only
            yield Line(name, both[0][name], both[1][name])


def _facts_of(manifest: Manifest) -> Mapping[str, Value]:
    recipe, data = manifest.recipe, manifest.training_data
    return {
        "ece": manifest.calibration.ece,
        "threshold": manifest.threshold,
        "threshold_rule": manifest.threshold_rule or None,
        "high_from": manifest.bands.high,
        "chosen": manifest.chosen,
        "params": _in_words(recipe.params) if recipe else None,
        "seed": manifest.seed,
        "validation": manifest.validation or None,
        "rows": data.rows,
        "positives": data.positives,
        "source": data.source,
        "parity_max_abs_diff": manifest.parity_max_abs_diff,
        "onnx_bytes": manifest.onnx_bytes,
        "onnx_sha256": f"{manifest.onnx_sha256[:SHA256_SHOWN]}…",
        "has_reasons": "yes" if manifest.has_reasons else "no",
        "created_at": manifest.created_at,
    }


def _in_words(params: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in params.items()) or "defaults"


def _versions_of(kind: str, first: Mapping[str, str], second: Mapping[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*first, *second]):
        if first.get(name) != second.get(name):
            yield f"{kind} {name}: {first.get(name, 'not used')} and {second.get(name, 'not used')}"


def _features(first: Manifest, second: Manifest) -> Iterator[str]:
    try:
        schemas = first.feature_schema(), second.feature_schema()
    except ManifestError as error:
        raise RegistryError(str(error)) from error
    ours, theirs = ({feature.name: feature for feature in schema.features} for schema in schemas)
    for name in dict.fromkeys([*ours, *theirs]):
        if name not in theirs or name not in ours:
            yield f"feature {name}: only in {first.version if name in ours else second.version}"
        elif (one := _as_told(ours[name])) != (other := _as_told(theirs[name])):
            yield f"feature {name}: {one} and {other}"


def _as_told(feature: Feature) -> str:
    need = "required" if feature.required else "optional"
    if feature.is_categorical:
        return f"{feature.json_type} {need}"
    return f"{feature.json_type} {need} from {feature.minimum:g} to {feature.maximum:g}"


def _categories(first: Manifest, second: Manifest) -> Iterator[str]:
    for name in first.categories.keys() & second.categories.keys():
        for manifest, other in ((first, second), (second, first)):
            only: Sequence[str] = sorted(set(manifest.categories[name]) - set(other.categories[name]))
            if only:
                yield f"category of {name}: {listed(only)} only learned by {manifest.version}"


def _warning(first: Manifest, second: Manifest) -> str:
    if first.training_data.sha256 != second.training_data.sha256:
        return (
            "cross-validated on different rows, so small differences mean nothing; "
            "give --data to judge both on one table"
        )
    if (first.seed, first.validation) != (second.seed, second.validation):
        return "cross-validated on the same rows but other folds, so small differences mean nothing"
    return ""
