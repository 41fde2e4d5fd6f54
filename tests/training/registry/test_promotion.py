"""Of two promotions one wins, a stale decision does not, and a broken pointer can be repaired."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from contract.champion import champion_key
from tests.training.registry.fake_s3 import FakeS3
from tests.training.registry.versions import publish
from training.errors import PromotionConflict, RegistryError
from training.registry.registry import Registry
from training.result import TrainedModel


def test_promotion_and_rollback_keep_the_story(registry: Registry, trained: TrainedModel) -> None:
    """The pointer names version, predecessor, who and why; a second rollback undoes the first."""
    publish(registry, trained, "v1", "v2")
    assert registry.champion() is None
    first = registry.promote("v1", "ada", "first")
    assert (first.version, first.previous) == ("v1", None)
    registry.promote("v2", "bob", "better")
    back = registry.rollback("eve", "complaints")
    assert (back.version, back.previous, back.promoted_by, back.reason) == ("v1", "v2", "eve", "complaints")
    assert registry.champion() is not None
    assert registry.rollback("eve", "no, it was fine").version == "v2"


def test_promoting_the_champion_again_changes_nothing(registry: Registry, trained: TrainedModel) -> None:
    """Its predecessor is not lost."""
    publish(registry, trained, "v1", "v2")
    registry.promote("v1", "ada", "first")
    second = registry.promote("v2", "ada", "second")
    assert registry.promote("v2", "bob", "again") == second


def test_there_is_nothing_to_roll_back_to_at_first(registry: Registry, trained: TrainedModel) -> None:
    """One clear line, with or without a champion."""
    with pytest.raises(RegistryError, match="no predecessor"):
        registry.rollback("eve", "why not")
    publish(registry, trained, "v1")
    registry.promote("v1", "ada", "first")
    with pytest.raises(RegistryError, match="no predecessor"):
        registry.rollback("eve", "why not")


def test_an_unknown_version_names_the_known_ones(registry: Registry, trained: TrainedModel) -> None:
    """A typing error is easily mended."""
    publish(registry, trained, "v1", "v2")
    with pytest.raises(RegistryError, match=r"model 'v7': no such version of shop; known are v2, v1"):
        registry.promote("v7", "ada", "typo")


@pytest.mark.parametrize("first_ever", [True, False])
def test_of_many_promotions_at_once_exactly_one_wins(
    s3: FakeS3, registry: Registry, trained: TrainedModel, first_ever: bool
) -> None:
    """Eight people read the same pointer, then write: one succeeds and the others are told who did."""
    versions = [f"v{number}" for number in range(1, 9)]
    publish(registry, trained, "v0", *versions)
    if not first_ever:
        registry.promote("v0", "ada", "before")
    everybody_has_read = Barrier(len(versions))

    def wait(key: str) -> None:
        everybody_has_read.wait(timeout=10)

    s3.before_put = wait

    def promote(version: str) -> str | PromotionConflict:
        try:
            return registry.promote(version, f"user of {version}", "race").version
        except PromotionConflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(versions)) as pool:
        outcomes = list(pool.map(promote, versions))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    current = registry.champion()
    assert current is not None
    assert (current[0].version, current[0].previous) == (winner, None if first_ever else "v0")
    for outcome in outcomes:
        assert outcome == winner or f"user of {winner} made {winner} champion meanwhile" in str(outcome)


def test_a_promotion_whose_answer_was_lost_is_not_a_conflict(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """The client's own retry is refused by its first attempt; the pointer is ours all the same."""
    publish(registry, trained, "v1")

    class LosesFirstAnswer(FakeS3):
        def put_object(self, **request: Any) -> Any:
            super().put_object(**request)
            return super().put_object(**request)

    lossy = LosesFirstAnswer()
    lossy.objects = s3.objects
    assert Registry(lossy, "bucket", "shop").promote("v1", "ada", "test").version == "v1"


def test_a_decision_on_a_champion_that_was_replaced_since_does_not_count(
    registry: Registry, trained: TrainedModel
) -> None:
    """Whoever compared with v1 may not overwrite v3, nor a v1 that was promoted anew."""
    publish(registry, trained, "v1", "v2", "v3")
    registry.promote("v1", "ada", "first")
    compared_with = registry.champion()
    registry.promote("v3", "bob", "much better", expected=compared_with)
    with pytest.raises(PromotionConflict, match=r"^model v2: .*, bob made v3 champion meanwhile; [^\n]+$"):
        registry.promote("v2", "ada", "not worse than v1", expected=compared_with)
    registry.rollback("eve", "complaints")
    with pytest.raises(PromotionConflict, match="eve made v1 champion"):
        registry.promote("v2", "ada", "not worse than v1", expected=compared_with)


def test_a_decision_made_before_there_was_a_champion_does_not_count_after(
    registry: Registry, trained: TrainedModel
) -> None:
    """Expecting none is an expectation too, unlike saying nothing."""
    publish(registry, trained, "v1", "v2")
    assert registry.promote("v1", "ada", "first version", expected=None).version == "v1"
    with pytest.raises(PromotionConflict, match="ada made v1 champion"):
        registry.promote("v2", "bob", "first version", expected=None)
    assert registry.promote("v2", "bob", "by hand").previous == "v1"


@pytest.mark.parametrize(
    ("left", "told"),
    [(None, "somebody removed the champion meanwhile"), (b"{}", "wrote a champion.json that cannot be read")],
)
def test_a_champion_that_vanished_or_broke_is_a_conflict_too(
    s3: FakeS3, registry: Registry, trained: TrainedModel, left: bytes | None, told: str
) -> None:
    """The line says what was found instead; by hand the promotion goes through."""
    publish(registry, trained, "v1", "v2")
    registry.promote("v1", "ada", "first")
    compared_with = registry.champion()
    del s3.objects[champion_key("shop")]
    if left is not None:
        s3.objects[champion_key("shop")] = left
    with pytest.raises(PromotionConflict, match=told):
        registry.promote("v2", "ada", "not worse", expected=compared_with)
    assert registry.promote("v2", "ada", "by hand").previous is None


def test_what_serves_already_is_no_conflict(registry: Registry, trained: TrainedModel) -> None:
    """Somebody else promoted the very same version: both wanted that."""
    publish(registry, trained, "v1", "v2")
    registry.promote("v1", "ada", "first")
    compared_with = registry.champion()
    registry.promote("v2", "bob", "better")
    assert registry.promote("v2", "ada", "better", expected=compared_with).promoted_by == "bob"


def test_a_pointer_that_cannot_be_read_is_repaired_by_a_promotion(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """As the message about it recommends; rolling back has nothing to go by and says so."""
    publish(registry, trained, "v1")
    s3.objects[champion_key("shop")] = b"{}"
    for ask in (registry.champion, lambda: registry.rollback("eve", "broken")):
        with pytest.raises(RegistryError, match=r"champion.json: not readable .*churn models promote"):
            ask()
    assert registry.promote("v1", "ada", "repair").previous is None
    champion = registry.champion()
    assert champion is not None
    assert champion[0].version == "v1"


def test_a_repair_does_not_overwrite_somebody_elses(
    s3: FakeS3, registry: Registry, trained: TrainedModel
) -> None:
    """The broken pointer's ETag still guards it."""
    publish(registry, trained, "v1", "v2")
    s3.objects[champion_key("shop")] = b"{}"

    def bob_is_quicker(key: str) -> None:
        s3.before_put = lambda _key: None
        registry.promote("v2", "bob", "repair")

    s3.before_put = bob_is_quicker
    with pytest.raises(PromotionConflict, match="bob made v2 champion"):
        registry.promote("v1", "ada", "repair")
