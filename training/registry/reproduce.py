"""Whether a version can be made again, byte for byte, from its rows and its recipe."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

from contract.errors import ManifestError
from contract.manifest import Manifest, Recipe, TrainingData
from contract.schema import FeatureSchema
from training.data.dataset import Table
from training.data.describe import describe
from training.errors import RegistryError
from training.models.one_thread import BLAS_KERNELS, blas_kernels
from training.registry.registry import Registry


class Rebuild(Protocol):
    """training.workflow.rebuild, the graph that a recipe gives; handed in, since it is above this package."""

    def __call__(self, recipe: Recipe, table: Table, schema: FeatureSchema, *, reasons: bool) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Reproduction:
    """The graph's sha256 as published and as made again; `differences` names what is not as it was then."""

    version: str
    expected_sha256: str
    found_sha256: str
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether the graphs are equal byte for byte."""
        return self.expected_sha256 == self.found_sha256


def reproduce(registry: Registry, version: str, table: Table, rebuild: Rebuild) -> Reproduction:
    """Fit and export the recipe of a version again, on the table that it was trained on.

    `table` is read with the version's schema and seed. Raises RegistryError with one line where it holds
    other rows, or the version has no recipe.
    """
    manifest = registry.manifest(version)
    recipe, schema = _recipe(manifest), _schema(manifest)
    _require_same_rows(manifest, describe(table, schema))
    onnx = rebuild(recipe, table, schema, reasons=manifest.has_reasons)
    found = hashlib.sha256(onnx).hexdigest()
    return Reproduction(version, manifest.onnx_sha256, found, tuple(_differences(manifest.libraries)))


def _recipe(manifest: Manifest) -> Recipe:
    if manifest.recipe is None:
        raise RegistryError(
            f"model {manifest.version}: it was published without a recipe, so it cannot be made again; "
            "train a new version"
        )
    return manifest.recipe


def _schema(manifest: Manifest) -> FeatureSchema:
    try:
        return manifest.feature_schema()
    except ManifestError as error:
        raise RegistryError(str(error)) from error


def _require_same_rows(manifest: Manifest, found: TrainingData) -> None:
    expected = manifest.training_data
    if found.sha256 == expected.sha256:
        return
    counts = f"{found.rows:,} rows, {found.positives:,} positive"
    then = f"{expected.rows:,} rows, {expected.positives:,} positive"
    detail = "as many, but others or in another order" if counts == then else f"{then} then"
    raise RegistryError(
        f"model {manifest.version}: trained on other rows than {found.source} holds ({counts}; {detail}); "
        f"give the file it was trained on, {expected.source}"
    )


def _differences(libraries: dict[str, str]) -> list[str]:
    now = {name: _installed(name) for name in libraries}
    return [
        f"{name} {now[name] or 'not installed'}, was {then}{_remedy(name, then)}"
        for name, then in libraries.items()
        if now[name] != then
    ]


def _remedy(name: str, then: str) -> str:
    if name != BLAS_KERNELS:
        return ""
    return f" (OPENBLAS_CORETYPE={then} gives the same bytes on a processor that can run them)"


def _installed(name: str) -> str:
    if name == "python":
        return platform.python_version()
    if name == BLAS_KERNELS:
        return blas_kernels()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
