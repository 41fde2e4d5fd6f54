"""A release publishes, compares on the rows that count, and promotes over the champion it looked at only."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from contract.manifest import TrainingData
from tests.training.registry.duels import SCHEMA, candidate, draw
from tests.training.registry.fake_s3 import FakeS3
from training.data.describe import row_fingerprints
from training.data.quality import Finding
from training.errors import PromotionConflict
from training.registry.duel import Duel, NotComparable
from training.registry.incumbent import load_incumbent
from training.registry.registry import Registry
from training.registry.release import Release, release
from training.registry.rows import encode_rows
from training.result import TrainedModel

GOOD, NOISY = {"signal": 2.0}, {"signal": 2.0, "left": 1.0, "right": 1.0}


def model(version: str, weights: dict[str, float], *, seed: int, rows: int = 1000) -> TrainedModel:
    """A version trained on rows of its own."""
    trained = candidate(draw(rows, seed), weights)
    data = TrainingData(rows=rows, positives=rows // 2, sha256=version, source=version)
    manifest = msgspec.structs.replace(trained.manifest, version=version, training_data=data)
    return dataclasses.replace(trained, manifest=manifest)


@pytest.fixture
def registry(s3: FakeS3) -> Registry:
    return Registry(s3, "bucket", "duel")


def auto(registry: Registry, trained: TrainedModel) -> Release:
    return release(registry, trained, "auto", by="ada")


def test_the_better_one_is_promoted_and_neither_an_equal_nor_a_worse_one(registry: Registry) -> None:
    """Each is judged against whoever serves, on rows new to it; the reason gives the figures."""
    first = auto(registry, model("v1", NOISY, seed=1))
    assert (first.promoted, first.reason, first.duel) == (True, "first version", None)
    better = auto(registry, model("v2", GOOD, seed=2))
    assert better.promoted
    assert better.reason.startswith("better: ROC AUC 0.")
    assert "of v1, t = " in better.reason
    equal = auto(registry, model("v3", GOOD, seed=3))
    worse = auto(registry, model("v4", NOISY, seed=4))
    assert (equal.promoted, worse.promoted) == (False, False)
    assert equal.reason.startswith("not separably better: ROC AUC")
    assert worse.reason.startswith("worse: ROC AUC")
    assert worse.reason.endswith("; promote it by hand if you still want it")
    assert registry.serving() == "v2"
    assert {each.version for each in registry.versions()} == {"v1", "v2", "v3", "v4"}


def test_the_rows_of_every_version_are_kept_with_it(registry: Registry) -> None:
    """So the next duel knows which of its rows this version has seen."""
    trained = model("v1", GOOD, seed=1)
    release(registry, trained, "never", by="ada", files={"report.html": b"<html>"})
    prints = row_fingerprints(trained.table, SCHEMA)
    assert registry.file("v1", "rows.bin") == encode_rows(prints)
    assert registry.file("v1", "report.html") == b"<html>"
    incumbent = load_incumbent(registry, "v1")
    known = incumbent.trained_on(trained.table, SCHEMA)
    assert known is not None
    assert known.all()


def test_always_and_never_do_as_told(registry: Registry) -> None:
    """No duel is fought, and `always` promotes even a worse one."""
    auto(registry, model("v1", GOOD, seed=1))
    assert not release(registry, model("v2", GOOD, seed=2), "never", by="ada").promoted
    told = release(registry, model("v3", NOISY, seed=3), "always", by="ada")
    assert (told.promoted, told.duel) == (True, None)
    assert registry.serving() == "v3"


def test_a_leak_or_few_rows_are_not_worth_a_duel(registry: Registry) -> None:
    """The reason is the objection; nothing is compared."""
    auto(registry, model("v1", NOISY, seed=1))
    leaking = dataclasses.replace(
        model("v2", GOOD, seed=2), findings=(Finding("leak", "signal", "signal: …"),)
    )
    few = model("v3", GOOD, seed=3, rows=400)
    for trained, told in ((leaking, "signal alone tells the label"), (few, "trained on 400 rows")):
        kept = auto(registry, trained)
        assert (kept.promoted, kept.duel) == (False, None)
        assert told in kept.reason


def test_a_champion_that_cannot_be_judged_stays(registry: Registry, s3: FakeS3) -> None:
    """Its schema predicts another column, say; the reason says so and the version is there to be promoted."""
    auto(registry, model("v1", NOISY, seed=1))
    other = model("v2", GOOD, seed=2)
    schema = dataclasses.replace(other.schema, label_column="left_us")
    kept = auto(registry, dataclasses.replace(other, schema=schema))
    assert isinstance(kept.duel, NotComparable)
    assert "it predicts churned = Yes, the table holds left_us = Yes" in kept.reason
    assert registry.serving() == "v1"


def test_a_champion_made_during_the_duel_stands(registry: Registry, s3: FakeS3) -> None:
    """The comparison was with another; the version stays published, and the line says who was quicker."""
    auto(registry, model("v1", NOISY, seed=1))
    release(registry, model("v3", GOOD, seed=3), "never", by="bob")

    def bob_promotes(key: str) -> None:
        if key.endswith("v1/model.onnx"):  # the last thing read before the duel
            s3.after_get = lambda _key: None
            registry.promote("v3", "bob", "much better")

    s3.after_get = bob_promotes
    with pytest.raises(PromotionConflict, match=r"^model v2: .*bob made v3 champion meanwhile"):
        auto(registry, model("v2", GOOD, seed=2))
    assert registry.serving() == "v3"
    assert "v2" in {each.version for each in registry.versions()}


def test_the_duel_comes_with_the_release(registry: Registry) -> None:
    """For the report and the command line."""
    auto(registry, model("v1", NOISY, seed=1))
    duel = auto(registry, model("v2", GOOD, seed=2)).duel
    assert isinstance(duel, Duel)
    assert duel.rows == 1000
