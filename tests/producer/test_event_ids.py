"""Event ids decide which of two events with the same time is the newer one."""

from __future__ import annotations

from producer.event_ids import EventIds


def test_event_ids_are_unique_version_7_uuids() -> None:
    """A thousand ids are distinct and carry the version and variant of RFC 9562."""
    ids = EventIds()
    made = {ids.new() for _ in range(1000)}
    assert len(made) == 1000
    assert all(one[14] == "7" and one[19] in "89ab" for one in made)


def test_ids_of_one_millisecond_sort_as_they_were_made() -> None:
    """Within one millisecond, and when the clock goes back, later ids are greater."""
    ids = EventIds()
    made = [ids.new(1_000) for _ in range(100)] + [ids.new(999)]
    assert made == sorted(made)
    assert len(set(made)) == 101
