"""Shapes, rhythm, plans and Locust's own files: the parts of a run that need no stage."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.conduct import asked_events
from loadtest.latency_log import LatencyLog
from loadtest.locust_results import Requests, read_generator, read_requests
from loadtest.locust_run import LocustError, Plan, run_locust
from loadtest.pacing import LATENESS_SECONDS, Rhythm
from loadtest.percentiles import percentile
from loadtest.shapes import Shape, publishers_at
from loadtest.work import MAX_RECORDS_PER_PUT, Rates


@given(st.sampled_from(Shape), st.floats(0, 1000), st.floats(1, 1000), st.integers(1, 100))
def test_a_shape_stays_between_one_user_and_all(
    shape: Shape, elapsed: float, duration: float, users: int
) -> None:
    """Whatever the moment, also after the end."""
    assert 1 <= publishers_at(shape, elapsed, duration, users) <= users


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (Shape.STEADY, [20, 20, 20, 20, 20]),
        (Shape.RAMP, [1, 7, 13, 19, 20]),
        (Shape.STEPS, [2, 6, 12, 16, 20]),
        (Shape.SPIKE, [4, 4, 20, 4, 4]),
        (Shape.SOAK, [1, 20, 20, 20, 20]),
    ],
)
def test_shapes_look_as_they_are_called(shape: Shape, expected: list[int]) -> None:
    """Of twenty users, at five moments of a hundred seconds."""
    assert [publishers_at(shape, t, 100.0, 20) for t in (0, 25, 50, 75, 99)] == expected


@given(st.lists(st.floats(0, 0.3), min_size=50, max_size=50))
def test_users_keep_their_rhythm_though_answers_are_slow(answers: list[float]) -> None:
    """An action is due every interval from the first on, however long the ones before took."""
    now, rhythm = 0.0, Rhythm(0.3, phase=0.5, now=0.0)
    for number, seconds in enumerate(answers):
        now += rhythm.wait(now)
        assert now == pytest.approx(0.15 + 0.3 * number)
        now += seconds


def test_what_cannot_be_caught_up_is_given_up() -> None:
    """After a long pause there is no burst of all that was missed."""
    rhythm = Rhythm(0.1, phase=0.0, now=0.0)
    at_once = 0
    while rhythm.wait(60.0) == 0.0:
        at_once += 1
    assert at_once <= LATENESS_SECONDS / 0.1 + 1


@given(st.dictionaries(st.integers(0, 50), st.integers(1, 9), min_size=1), st.floats(0.01, 1))
def test_a_percentile_is_the_value_at_its_rank(counts: dict[int, int], share: float) -> None:
    """As if all values were written down in order."""
    found = percentile(counts, share)
    values = sorted(Counter(counts).elements())
    assert found is not None
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) < share * len(values) + 1e-6
    assert percentile({}, 0.5) is None


@pytest.mark.parametrize("rate", [1.0, 37.0, 500.0, 5000.0, 123_456.0])
def test_a_plans_users_together_send_its_rate(rate: float) -> None:
    """In requests that a stream takes, and at a pace that one user can keep."""
    plan = Plan(stage="local", schema="", rate=rate, run_seconds=10.0)
    rates = Rates(plan.rate / plan.publishers, 0, 0, 0)
    assert 1 <= rates.records_per_put <= MAX_RECORDS_PER_PUT
    assert rates.seconds_per_put >= 0.2
    assert plan.publishers * rates.records_per_put / rates.seconds_per_put == pytest.approx(rate)
    assert asked_events(plan) == pytest.approx(10 * rate)


def test_the_asked_events_follow_the_shape() -> None:
    """A spike asks for a fifth, and for all of it in the fifth in the middle: 0.36 of the whole."""
    plan = Plan(stage="local", schema="", rate=1000.0, run_seconds=100.0, shape=Shape.SPIKE)
    assert asked_events(plan) == pytest.approx(36_000)


def test_locusts_statistics_are_read_by_name(tmp_path: Path) -> None:
    """Percentiles from its counts, events per request from its sizes; a row without requests is empty."""
    row = {"name": "publish", "num_requests": 4, "num_failures": 1, "total_content_length": 100}
    rows = [
        {**row, "response_times": {"10": 2, "20": 1, "130": 1}},
        {**row, "name": "top", "num_requests": 0, "num_failures": 0, "response_times": {}},
    ]
    (tmp_path / "locust.json").write_text(json.dumps(rows))
    found = read_requests(tmp_path)
    assert found["publish"] == Requests(4, 1, 10, 130, 130, 130, 25.0)
    assert found["top"] == Requests(0, 0)


def test_the_latencies_of_probes_are_exact(tmp_path: Path) -> None:
    """Locust rounds 154 ms to 150, and a limit of 150 would be met."""
    row = {"name": "put to readable", "num_requests": 2, "num_failures": 0, "total_content_length": 2}
    (tmp_path / "locust.json").write_text(json.dumps([{**row, "response_times": {"150": 2}}]))
    assert read_requests(tmp_path)["put to readable"].p95 == 150
    for number, milliseconds in enumerate((153.96, 42.0)):
        log = LatencyLog(tmp_path, f"generator-{number}")
        log.add(9000.0)
        log.forget()  # the warm-up's
        log.add(milliseconds)
        log.close()
    found = read_requests(tmp_path)["put to readable"]
    assert (found.p50, found.p95, found.p99, found.worst) == (42.0, 154.0, 154.0, 154.0)


def test_the_generators_processes_are_added_up(tmp_path: Path) -> None:
    """Cores together, lateness of the latest; none is none."""
    assert read_generator(tmp_path).processes == 0
    for number, cores in enumerate((0.25, 0.5)):
        seen = {"cores": cores, "loop_late_p99_ms": 10 * number, "memory_megabytes": 50.0}
        seen["measuring_since"] = 100.0 + number
        (tmp_path / f"{number}.generator.json").write_text(json.dumps(seen))
    found = read_generator(tmp_path)
    assert (found.processes, found.cores, found.busiest_cores, found.loop_late_p99_ms) == (2, 0.75, 0.5, 10)
    assert found.measuring_since == 101.0


def test_a_locust_that_cannot_start_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its last words and its log."""
    monkeypatch.setenv("CHURN_LOCAL_DIR", str(tmp_path / "nowhere"))
    plan = Plan(stage="local", schema="", rate=10.0, run_seconds=1.0)
    with pytest.raises(LocustError, match=r"stage local is not up.*locust\.log"):
        run_locust(plan, tmp_path)
