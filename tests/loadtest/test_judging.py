"""Gates, saturation and the knee, on runs made up of a few figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtest.advice import BatchTiming, Settings, settings_for
from loadtest.gates import KINDS, judge
from loadtest.knee import Bounds, Knee, Step, broken_by, climb
from loadtest.knee_plot import plot
from loadtest.knee_report import knee_document
from loadtest.locust_results import Generator
from loadtest.measured import Measured
from loadtest.saturation import findings
from tests.loadtest.samples import IDLE, TIMING, busy, conducted, measured

BOUNDS = Bounds(p95_ms=1000.0, iterator_age_ms=2000.0)


@pytest.mark.parametrize(
    ("name", "limit", "worse"),
    [
        ("min_events_per_second", 100.0, {"published": 5999}),
        ("max_p95_ms", 80.0, {"p95": 81.0}),
        ("max_p99_ms", 80.0, {"p95": 81.0}),
        ("max_missing", 0.0, {"missing": 1}),
        ("max_rejected", 0.0, {"rejected": 1}),
        ("max_refused", 0.0, {"failures": 1}),
        ("max_iterator_age_ms", 100.0, {"age_ms": 101.0}),
    ],
)
def test_a_gate_is_met_at_its_limit_and_not_beyond(name: str, limit: float, worse: dict[str, float]) -> None:
    """Each gate judges its own figure, in its own direction."""
    (met,) = judge(measured(), {name: limit})
    (missed,) = judge(measured(**worse), {name: limit})  # type: ignore[arg-type]
    assert (met.met, missed.met) == (True, False)
    assert met.kind is KINDS[name]


def test_every_gate_says_how_it_is_measured() -> None:
    """And judges a figure that runs have."""
    assert set(KINDS) == set(measured().by_gate())
    assert all(kind.how for kind in KINDS.values())


@pytest.mark.parametrize("run", [measured(failed_probes=1), measured(p95=None)])
def test_what_was_not_measured_is_not_met(run: Measured) -> None:
    """A probe that never came back has no latency, so no percentile may be told without it."""
    (verdict,) = judge(run, {"max_p95_ms": 10_000.0})
    assert (verdict.measured, verdict.met) == (None, False)


def test_a_backlog_is_no_throughput() -> None:
    """What was put in a minute and scored in two is half a minute's worth per second."""
    slow = measured()
    assert slow.published_per_second == 100
    late = Measured(**{name: getattr(slow, name) for name in slow.__slots__} | {"settled_seconds": 120.0})
    assert late.events_per_second == 50


@pytest.mark.parametrize(
    ("generator", "achieved", "says"),
    [
        (busy(busiest_cores=0.9), 1.0, "90% of a core"),
        (busy(loop_late_p99_ms=70.0), 1.0, "70 ms late"),
        (busy(processes=0), 1.0, "no process"),
        (IDLE, 0.9, "only 90.0%"),
    ],
)
def test_a_generator_that_measures_itself_is_told(generator: Generator, achieved: float, says: str) -> None:
    """By its CPU, its event loop, or because less than asked was sent and nothing else is at its limit."""
    (found,) = findings(measured(generator=generator, achieved=achieved), {}, 2)
    assert found.what == "generator"
    assert says in found.evidence


def test_who_is_at_the_limit_is_told_with_evidence() -> None:
    """The stream refuses, a process has no CPU left, or the function waits for the table."""
    assert findings(measured(), {"emulator": 0.5, "machine": 1.0}, 2) == []
    (stream,) = findings(measured(failures=3), {}, 2)
    assert stream.what == "stream"
    (emulator,) = findings(measured(), {"emulator": 0.95}, 2)
    assert emulator.what == "emulator"
    (table,) = findings(measured(age_ms=5000.0), {}, 2, TIMING)
    assert table.what == "table"
    (local,) = findings(measured(age_ms=5000.0), {"emulator": 0.5}, 2, TIMING)
    assert local.what == "the emulator's table"
    assert "90 ms of writing" in table.evidence
    (function,) = findings(measured(age_ms=5000.0), {}, 2, BatchTiming(500, 90, 10))
    assert function.what == "function"


@pytest.mark.parametrize(
    ("run", "says"),
    [
        (measured(), ""),
        (measured(p95=1001.0), "p95 1,001 ms"),
        (measured(age_ms=2001.0), "iterator age 2,001 ms"),
        (measured(failures=1), "1 puts failed"),
        (measured(missing=2, rejected=1), "3 events missing"),
        (measured(achieved=0.9), "only 100 events/s"),
        (measured(failed_probes=1), "probes failed"),
    ],
)
def test_a_rate_breaks_by_whatever_gives_way(run: Measured, says: str) -> None:
    """And is sustained where nothing does."""
    found = broken_by(run, BOUNDS)
    assert found.startswith(says)
    assert bool(found) == bool(says)


@pytest.mark.parametrize("capacity", [15.0, 90.0, 700.0, 4321.0])
def test_the_knee_is_found_within_a_tenth(capacity: float) -> None:
    """From below or from above the start, in few steps."""

    def measure(rate: float) -> Step:
        return Step(rate, conducted(measured()), "p95" if rate > capacity else "")

    knee = climb(measure, start=200.0)
    assert knee.best
    assert knee.worse
    assert knee.best.rate <= capacity < knee.worse.rate < 1.12 * knee.best.rate
    assert len(knee.steps) < 12


def test_a_stage_that_sustains_nothing_is_given_up() -> None:
    """Below ten events a second a stage is broken, not slow."""
    knee = climb(lambda rate: Step(rate, conducted(measured()), "p95"), start=100.0)
    assert knee.best is None
    assert knee_document(knee, BOUNDS, [], "f", "p")["sustained_per_second"] is None


@pytest.mark.parametrize(
    ("rate", "size", "timing", "expected"),
    [
        # One lane takes 500 records in 100 ms: 5,000 a second. 1.5 × 900 fits into one.
        (900.0, 700.0, TIMING, Settings(shards=1, parallelization=1)),
        # 6,000 a second: six shards by records; 9,000 with headroom are two lanes, and each shard has one.
        (6000.0, 700.0, TIMING, Settings(shards=6, parallelization=1)),
        # 2 KB events: twelve shards by bytes.
        (6000.0, 2000.0, TIMING, Settings(shards=12, parallelization=1)),
        # A slow lane of 100 a second: 1,000 need 15 lanes, more than ten per shard.
        (1000.0, 700.0, BatchTiming(10, 50, 50), Settings(shards=2, parallelization=8)),
    ],
)
def test_settings_for_aws_follow_its_quotas(
    rate: float, size: float, timing: BatchTiming, expected: Settings
) -> None:
    """Computed by hand: 1,000 records and 1 MB per shard and second, at most ten lanes per shard."""
    assert settings_for(rate, size, timing) == expected


def test_the_plot_is_a_picture(tmp_path: Path) -> None:
    """Also where a step had no probes."""
    steps = [Step(100.0 * n, conducted(measured(p95=50.0 * n)), "" if n < 3 else "p95") for n in (1, 2, 3)]
    steps.append(Step(400.0, conducted(measured(p95=None)), "probes failed"))
    plot(Knee(steps), tmp_path / "knee.png")
    assert (tmp_path / "knee.png").read_bytes().startswith(b"\x89PNG")
