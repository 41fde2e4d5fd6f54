"""The scorer follows the champion pointer, and never gives up a model that works for one that does not."""

from __future__ import annotations

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.manifest import encode_manifest
from scorer.champion import CHECK_SECONDS
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
