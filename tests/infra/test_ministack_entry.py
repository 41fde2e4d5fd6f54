"""The emulator's sweeps, made rarer."""

from __future__ import annotations

from infra.local.ministack_entry import SWEEP_SECONDS, at_most_once_a_second


def test_a_sweep_is_made_at_most_once_a_second() -> None:
    """At once the first time, and again as soon as the second is over, however often it is asked for."""
    times = [0.0, 0.1, SWEEP_SECONDS - 0.01, SWEEP_SECONDS, SWEEP_SECONDS + 0.5]
    clock = iter(times)
    swept: list[int] = []
    sweep = at_most_once_a_second(swept.append, lambda _: "all", clock=lambda: next(clock))
    for number in range(len(times)):
        sweep(number)
    assert swept == [0, 3]


def test_what_is_swept_for_one_stream_is_not_swept_for_another() -> None:
    """Each subject has a second of its own."""
    swept: list[str] = []
    sweep = at_most_once_a_second(swept.append, lambda stream: stream, clock=lambda: 7.0)
    for stream in ("a", "b", "a", "b"):
        sweep(stream)
    assert swept == ["a", "b"]
