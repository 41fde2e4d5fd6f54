"""The scorer follows the champion pointer, and never gives up a model that works for one that does not."""

from __future__ import annotations

import pytest

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.manifest import encode_manifest
from scorer.backoff import Patience
from scorer.champion import CHECK_SECONDS, ChampionWatcher, ModelStore
from scorer.errors import NoUsableModelError
from scorer.objects import S3Objects
from tests.scorer.batches import GRAPH, Rig
from tests.scorer.graphs import tiny_graph, tiny_manifest

OTHER = tiny_graph(base=0.5)


def test_the_pointer_is_asked_at_most_once_a_minute() -> None:
    """Between checks no request is made; an unchanged pointer is a 304 and loads nothing."""
    rig = Rig()
    first = rig.champion.current()
    reads = list(rig.s3.reads)
    rig.now = CHECK_SECONDS - 1
    assert rig.champion.current() is first
    assert rig.s3.not_modified == 0
    rig.now = CHECK_SECONDS
    assert rig.champion.current() is first
    assert (rig.s3.not_modified, rig.s3.reads) == (1, reads)


def test_a_promotion_takes_over_without_a_redeploy() -> None:
    """After the next check the new version serves, and its load is told once."""
    rig = Rig()
    rig.champion.current()
    assert rig.champion.take_news().loaded == ("v1",)
    rig.s3.promote(OTHER, tiny_manifest(OTHER, "v2"))
    assert rig.champion.current().version == "v1"
    rig.now = CHECK_SECONDS
    assert rig.champion.current().version == "v2"
    assert rig.champion.take_news().loaded == ("v2",)
    assert rig.champion.take_news() == ((), ())


def test_promoting_the_serving_version_again_loads_nothing() -> None:
    """A new pointer with the same version is no new model."""
    rig = Rig()
    model = rig.champion.current()
    rig.s3.promote(GRAPH, tiny_manifest(GRAPH), reason="again")
    rig.now = CHECK_SECONDS
    assert rig.champion.current() is model


class Outage:
    """S3 that is down until some time; every pause lets time pass."""

    def __init__(self, rig: Rig, ends: float) -> None:
        self.rig, self.ends = rig, ends
        rig.s3.failing.add("models/")
        store = ModelStore(S3Objects(rig.s3, "bucket"), "tiny")
        patience = Patience(monotonic=lambda: rig.now, sleep=self.sleep, jitter=lambda: 1.0)
        self.watcher = ChampionWatcher(store, patience=patience)

    def sleep(self, seconds: float) -> None:
        self.rig.now += seconds
        if self.rig.now >= self.ends:
            self.rig.s3.failing.clear()


def test_a_cold_sandbox_waits_for_a_store_that_is_down() -> None:
    """As long as the invocation has time; the failure is told once, and then the model."""
    watcher = Outage(Rig(), ends=30.0).watcher
    assert watcher.current(deadline=45.0).version == "v1"
    news = watcher.take_news()
    assert (news.loaded, len(news.failures)) == (("v1",), 1)


def test_a_store_that_stays_down_ends_the_wait_in_time() -> None:
    """Nothing is consumed, and the invocation ends before Lambda ends it."""
    outage = Outage(Rig(), ends=60.0)
    with pytest.raises(NoUsableModelError, match="SlowDown"):
        outage.watcher.current(deadline=45.0)
    assert 40 <= outage.rig.now < 45


def test_what_waiting_cannot_heal_is_not_waited_for() -> None:
    """No champion at all, or one that is broken: somebody has to do something."""
    for spoiled in (champion_key("tiny"), model_key("tiny", "v1")):
        rig = Rig()
        rig.s3.objects.pop(spoiled)
        with pytest.raises(NoUsableModelError):
            rig.champion.current(deadline=45.0)
        assert len(rig.s3.reads) <= 2


def test_a_model_that_serves_is_not_held_up_by_a_store_that_is_down() -> None:
    """One look a minute, and no waiting."""
    outage = Outage(Rig(), ends=0.0)
    outage.rig.s3.failing.clear()
    outage.watcher.current()
    outage.rig.now = CHECK_SECONDS
    outage.rig.s3.failing.add("models/")
    assert outage.watcher.current(deadline=CHECK_SECONDS + 45).version == "v1"
    assert outage.rig.now == CHECK_SECONDS


def test_a_broken_successor_leaves_the_old_model_serving() -> None:
    """The failure is told, the old one goes on, and the successor is tried again a minute later."""
    rig = Rig()
    old = rig.champion.current()
    rig.champion.take_news()
    rig.s3.promote(OTHER, tiny_manifest(OTHER, "v2"))
    rig.s3.objects[model_key("tiny", "v2")] = b"corrupt"
    rig.now = CHECK_SECONDS
    assert rig.champion.current() is old
    [failure] = rig.champion.take_news().failures
    assert "model v2" in failure
    assert "sha256" in failure
    rig.s3.objects[model_key("tiny", "v2")] = OTHER
    assert rig.champion.current() is old
    rig.now += CHECK_SECONDS
    assert rig.champion.current().version == "v2"


def test_a_registry_that_does_not_answer_leaves_the_old_model_serving() -> None:
    """So do a pointer that disappeared and one that cannot be read."""
    rig = Rig()
    old = rig.champion.current()
    rig.s3.failing.add("models/")
    rig.now = CHECK_SECONDS
    assert rig.champion.current() is old
    rig.s3.failing.clear()
    for pointer in (b"{", None):
        rig.s3.objects.pop(champion_key("tiny"))
        if pointer:
            rig.s3.objects[champion_key("tiny")] = pointer
        rig.now += CHECK_SECONDS
        assert rig.champion.current() is old
    failures = rig.champion.take_news().failures
    assert [
        word in text for word, text in zip(("SlowDown", "not readable", "NoSuchKey"), failures, strict=True)
    ]


def test_a_model_of_another_schema_or_version_is_refused() -> None:
    """A manifest that says something else than its place in the registry is named with both sides."""
    rig = Rig()
    rig.champion.current()
    rig.champion.take_news()
    manifest = tiny_manifest(OTHER, "v2")
    rig.s3.promote(OTHER, manifest)
    rig.s3.objects[manifest_key("tiny", "v2")] = encode_manifest(tiny_manifest(OTHER, "v9"))
    rig.now = CHECK_SECONDS
    assert rig.champion.current().version == "v1"
    foreign = tiny_manifest(OTHER, "v2", schema={**manifest.schema, "$id": "foreign"})
    rig.s3.objects[manifest_key("tiny", "v2")] = encode_manifest(foreign)
    rig.now += CHECK_SECONDS
    assert rig.champion.current().version == "v1"
    failures = rig.champion.take_news().failures
    assert "that of v9" in failures[0]
    assert "'foreign'" in failures[1]
    assert "'tiny'" in failures[1]


def test_a_new_sandbox_falls_back_to_the_predecessor_of_a_broken_champion() -> None:
    """Where nothing serves yet, the version before the champion does, until the champion can be loaded."""
    rig = Rig()
    rig.s3.promote(OTHER, tiny_manifest(OTHER, "v2"))
    rig.s3.objects[model_key("tiny", "v2")] = b"corrupt"
    rig.s3.objects[champion_key("tiny")] = encode_champion(
        Champion(version="v2", previous="v1", promoted_by="test", promoted_at="now", reason="test")
    )
    assert rig.champion.current().version == "v1"
    news = rig.champion.take_news()
    assert news.loaded == ("v1",)
    assert len(news.failures) == 1
    rig.s3.objects[model_key("tiny", "v2")] = OTHER
    rig.now += CHECK_SECONDS
    assert rig.champion.current().version == "v2"
