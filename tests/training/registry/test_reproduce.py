"""A version is made again from its recipe and its rows, or the line says what is not as it was."""

from __future__ import annotations

import dataclasses
import hashlib

import msgspec
import pytest

from contract.manifest import Manifest, Recipe
from contract.schema import FeatureSchema
from tests.training.registry.duels import SCHEMA, candidate, draw
from tests.training.registry.fake_s3 import FakeS3
from training.data.dataset import Table
from training.data.describe import describe
from training.errors import RegistryError
from training.models.one_thread import BLAS_KERNELS
from training.registry.registry import Registry
from training.registry.reproduce import reproduce
from training.result import TrainedModel
from training.workflow import rebuild

RECIPE = Recipe(candidate="logistic", params={"penalty": 10.0}, seed=3)


@pytest.fixture
def registry(s3: FakeS3) -> Registry:
    return Registry(s3, "bucket", "duel")


@pytest.fixture(scope="module")
def table() -> Table:
    return draw(100, seed=0)


def published(registry: Registry, table: Table, **changes: object) -> TrainedModel:
    trained = candidate(table, {"signal": 1.0}, recipe=RECIPE, training_data=describe(table, SCHEMA))
    manifest: Manifest = msgspec.structs.replace(trained.manifest, **changes)
    registry.publish(dataclasses.replace(trained, manifest=manifest))
    return trained


class Rebuilder:
    """Gives a graph, and remembers what it was asked for."""

    def __init__(self, onnx: bytes) -> None:
        self.onnx = onnx
        self.asked: tuple[object, ...] = ()

    def __call__(self, recipe: Recipe, table: Table, schema: FeatureSchema, *, reasons: bool) -> bytes:
        self.asked = (recipe, table.rows, schema.name, reasons)
        return self.onnx


def test_the_same_bytes_are_the_same(registry: Registry, table: Table) -> None:
    """The recipe, the table, the version's own schema and whether it gives reasons go in."""
    trained = published(registry, table)
    again = Rebuilder(trained.onnx)
    found = reproduce(registry, "v2", table, again)
    assert found.same
    assert again.asked == (RECIPE, 100, "duel", True)
    assert (found.version, found.differences) == ("v2", ())
    without = Rebuilder(trained.onnx)
    published_without = Registry(FakeS3(), "bucket", "duel")
    published(published_without, table, has_reasons=False)
    reproduce(published_without, "v2", table, without)
    assert without.asked[-1] is False


def test_a_real_training_gives_the_same_bytes_again(s3: FakeS3, trained: TrainedModel) -> None:
    """From what is in the registry, and the table."""
    shop = Registry(s3, "bucket", "shop")
    shop.publish(trained)
    found = reproduce(shop, trained.manifest.version, trained.table, rebuild)
    assert found.same
    assert found.differences == ()


def test_other_bytes_are_not_and_other_libraries_are_named(registry: Registry, table: Table) -> None:
    """A version that changed, one that is gone, and one that is as it was."""
    import numpy as np

    libraries = {"numpy": "1.0.0", "a-library-of-old": "2.0", "python": "3.4.0"}
    published(registry, table, libraries=libraries)
    found = reproduce(registry, "v2", table, Rebuilder(b"other"))
    assert not found.same
    assert found.found_sha256 == hashlib.sha256(b"other").hexdigest()
    assert found.differences[:2] == (
        f"numpy {np.__version__}, was 1.0.0",
        "a-library-of-old not installed, was 2.0",
    )
    assert found.differences[2].endswith(", was 3.4.0")


def test_other_rows_are_refused_before_anything_is_fitted(registry: Registry, table: Table) -> None:
    """More rows, or as many others; the line names the file it was trained on."""
    trained = published(registry, table)
    again = Rebuilder(trained.onnx)
    positives = int(table.labels.sum())
    with pytest.raises(
        RegistryError, match=r"trained on other rows than drawn holds \(90 rows, .*100 rows, "
    ):
        reproduce(registry, "v2", draw(90, seed=0), again)
    other = dataclasses.replace(table, inputs={**table.inputs, "left": table.inputs["left"] + 1})
    told = rf"\(100 rows, {positives} positive; as many, but others or in another order\); give .* drawn$"
    with pytest.raises(RegistryError, match=told):
        reproduce(registry, "v2", other, again)
    assert again.asked == ()


def test_a_version_of_before_recipes_cannot_be_made_again(registry: Registry, table: Table) -> None:
    """One line."""
    published(registry, table, recipe=None)
    with pytest.raises(RegistryError, match=r"^model v2: it was published without a recipe[^\n]+$"):
        reproduce(registry, "v2", table, Rebuilder(b""))


def test_an_unknown_version_names_the_known_ones(registry: Registry, table: Table) -> None:
    """As everywhere in the registry."""
    published(registry, table)
    with pytest.raises(RegistryError, match="no such version of duel; known are v2"):
        reproduce(registry, "v7", table, Rebuilder(b""))


def test_another_processor_is_told_with_what_to_do(registry: Registry, table: Table) -> None:
    """Sums differ in their last bits; the variable that ends the difference is named."""
    trained = published(registry, table, libraries={BLAS_KERNELS: "Abacus"})
    found = reproduce(registry, "v2", table, Rebuilder(trained.onnx))
    assert len(found.differences) == 1
    assert "was Abacus" in found.differences[0]
    assert "OPENBLAS_CORETYPE=Abacus" in found.differences[0]
