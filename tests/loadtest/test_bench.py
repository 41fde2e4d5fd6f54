"""`make bench` in few rounds: that it measures everything, not what it measures."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest

from infra.cost.measured import measured
from loadtest.bench.__main__ import main
from loadtest.bench.agreement import DifferentScoresError, items_of, require_same
from loadtest.bench.figure import Figure, least, median
from loadtest.bench.plot import draw
from loadtest.bench.rounds import cpu_seconds, interleave
from loadtest.bench.show import show

REQUIRED = {"name", "ours", "peer", "unit", "ratio", "target", "met"}
TARGETS = [0.10, 0.30, 0.005, 0.5, 0.25, 0.25, 0.05, 1.9, 0.45, 1.0]
PNG = b"\x89PNG"


def figure(**changes: Any) -> Figure:
    given = {
        "name": "ours against theirs",
        "ours": 1.0,
        "peer": 4.0,
        "unit": "CPU µs",
        "ratio": 0.25,
        "target": 0.5,
        "met": True,
        "statistic": "least of 3 rounds",
        "by_round": 0.26,
    }
    return Figure(**{**given, **changes})


def test_one_run_gives_every_comparison(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All targets of the table are measured in one run, after all contestants gave the same scores."""
    assert main(["--quick", "--json", "--out", str(tmp_path)]) == 0
    figures = json.loads((tmp_path / "bench.json").read_text())
    assert json.loads(capsys.readouterr().out) == figures
    assert [each["target"] for each in figures] == TARGETS
    for each in figures:
        assert each.keys() >= REQUIRED
        assert each["ratio"] == pytest.approx(each["ours"] / each["peer"], rel=1e-3)
        assert each["met"] is (each["ratio"] <= each["target"])
        assert each["ours"] > 0
    assert "floor" in figures[0]["note"]
    assert (tmp_path / "bench.png").read_bytes().startswith(PNG)
    assert "quick run" in measured(tmp_path / "bench.json").source  # `churn cost` finds its rows


def test_what_cannot_be_measured_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no file pretends that it was."""

    def disagree(*_: object) -> None:
        raise DifferentScoresError("pandas: probabilities differ by 1.0e-03")

    monkeypatch.setattr("loadtest.bench.__main__.make_subject", disagree)
    assert main(["--quick", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().err == "not measured: pandas: probabilities differ by 1.0e-03\n"
    assert not list(tmp_path.iterdir())
    with pytest.raises(SystemExit):
        main(["--zip", str(tmp_path / "none.zip")])
    assert "no such file" in capsys.readouterr().err


def test_cpu_time_is_compared_by_the_quickest_round() -> None:
    """A round that something else disturbed does not count, on either side."""
    found = least("a against b", [3.0, 2.0, 9.0], [8.0, 30.0, 10.0], unit="µs", target=0.25)
    assert (found.ours, found.peer, found.ratio, found.met) == (2.0, 8.0, 0.25, True)
    assert found.by_round == 0.375


def test_wall_clock_is_compared_by_the_median_round() -> None:
    """One lucky round does not count."""
    found = median("a against b", [1.0, 6.0, 7.0], [20.0, 10.0, 20.0], unit="ms", target=0.2)
    assert (found.ours, found.peer, found.ratio, found.met) == (6.0, 20.0, 0.3, False)


def test_contestants_take_turns_and_their_first_round_does_not_count() -> None:
    """Each round runs all, so that what disturbs the machine disturbs everyone."""
    order: list[str] = []
    ticks: list[int] = []

    def contestant(name: str) -> int:
        order.append(name)
        return len(order)

    taken = interleave(
        {"ours": lambda: contestant("ours"), "peer": lambda: contestant("peer")},
        2,
        lambda: ticks.append(len(order)),
    )
    assert order == ["ours", "peer"] * 3
    assert taken == {"ours": [3, 5], "peer": [4, 6]}
    assert ticks == [2, 4, 6]


def test_cpu_time_counts_work_and_not_waiting() -> None:
    """What a contestant waits for is not charged to it."""
    assert cpu_seconds(lambda: time.sleep(0.05)) < 0.02
    assert cpu_seconds(lambda: sum(range(1_000_000))) > 0.001


def test_different_scores_are_not_compared() -> None:
    """Nor are scores of other customers, or of fewer."""
    ours = {"ana": "0.5", "ben": "0.25"}
    require_same(ours, {"ana": "0.500001", "ben": "0.25"}, "peer")
    with pytest.raises(DifferentScoresError, match=r"peer: probabilities differ by 1\.0e-05"):
        require_same(ours, {"ana": "0.50001", "ben": "0.25"}, "peer")
    with pytest.raises(DifferentScoresError, match="peer scored 1 customers, expected 2"):
        require_same(ours, {"ana": "0.5"}, "peer")


def test_items_are_read_from_the_requests_themselves() -> None:
    """So what is compared is what would be written, by BatchWriteItem or by PutItem."""
    item = {"customer_id": {"S": "ana"}}
    batch = {"RequestItems": {"t": [{"PutRequest": {"Item": item}}] * 2}}
    single = {"TableName": "t", "Item": item}
    assert items_of([json.dumps(batch).encode(), json.dumps(single).encode()]) == [item] * 3


def test_a_missed_target_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """The table says MISSED in words, and the notes follow it."""
    show([figure(), figure(name="slow against quick", ratio=0.6, met=False, note="with a reason")])
    told = capsys.readouterr().out
    assert told.count("MISSED") == 1
    assert re.search(r"slow against quick +with a reason", told)


def test_the_picture_shows_ratios_on_both_sides_of_one() -> None:
    """A peer may be quicker than ours, and the picture is still whole."""
    assert draw([figure(), figure(ratio=1.95, met=False)]).startswith(PNG)
