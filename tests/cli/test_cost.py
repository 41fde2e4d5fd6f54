"""`churn cost`: the whole command, in this process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import main

Cost = Callable[[str], tuple[int, str, str]]
ASKED = "--events-per-day 1e6 --customers 2e5"
PNG = b"\x89PNG"


@pytest.fixture
def cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cost:
    """Types `churn cost …` in an empty folder, on a machine that has no bench of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("infra.paths.BUILD", tmp_path / "build")

    def run(options: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["churn", "cost", *options.split()])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def document(cost: Cost, options: str = "") -> dict[str, Any]:
    code, out, _ = cost(f"{ASKED} {options} --json")
    assert code == 0
    found: dict[str, Any] = json.loads(out)
    return found


def test_the_bill_is_a_table_for_people_and_json_for_scripts(cost: Cost) -> None:
    """The same total in both; what makes it doubtful is on stderr."""
    code, out, err = cost(ASKED)
    assert code == 0
    found = document(cost)
    assert f"${found['total']:,.2f} a month, ${found['per_million_events']:,.2f} per million events" in out
    for line in found["lines"]:
        assert line["service"] in out
        assert line["what"] in out
    for other in found["alternatives"]:
        assert other["name"] in out
    assert found["unverified"]
    assert found["unverified"] == [key for key, price in found["prices"].items() if not price["verified"]]
    assert all(key in err for key in found["unverified"])
    assert "without free tiers" in err


def test_options_come_before_the_stage_and_the_stage_before_the_defaults(cost: Cost) -> None:
    """Each option changes the deployment that is billed, and with it the bill."""
    prod, dev = document(cost), document(cost, "--stage dev")
    assert prod["deployment"]["capacity"] == "ON_DEMAND"
    assert dev["deployment"]["capacity"] == "PROVISIONED"
    options = (
        "--capacity provisioned --batch-size 100 --window 5 --parallelization 4 --memory 512 --own-key "
        "--retention-hours 48 --write-millis 4 --fan-out --prediction-days 7 --event-bytes 2000 "
        "--peak-factor 10 --high-risk-share 0.5 --rejected-share 0.01 --collapse-share 0.25 "
        "--reads-per-day 1e5"
    )
    found = document(cost, options)
    assert {
        "capacity": "PROVISIONED",
        "batch_size": 100,
        "window_seconds": 5,
        "parallelization": 4,
        "memory_megabytes": 512,
        "own_key": True,
        "retention_hours": 48,
        "write_millis": 4,
        "enhanced_fan_out": True,
        "prediction_days": 7,
    }.items() <= found["deployment"].items()
    assert found["load"] == {
        "events_per_day": 1e6,
        "customers": 2e5,
        "event_bytes": 2000,
        "peak_factor": 10,
        "high_risk_share": 0.5,
        "rejected_share": 0.01,
        "reads_per_day": 1e5,
        "collapse_share": 0.25,
    }
    both = [document(cost, f"--capacity {capacity}")["total"] for capacity in ("on-demand", "provisioned")]
    assert document(cost, "--capacity cheapest")["total"] == min(both)


def test_what_is_measured_on_this_machine_feeds_the_bill(cost: Cost, tmp_path: Path) -> None:
    """Its source is named; a damaged file is one line."""
    assert document(cost)["measured"]["source"].startswith("docs/performance.md")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "bench.json").write_text("[]")
    code, out, err = cost(ASKED)
    assert (code, out) == (1, "")
    assert "run `make bench` again" in err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--events-per-day 0 --customers 1", "events per day: found 0, expected a number from 1 to"),
        ("--events-per-day nan --customers 1", "events per day: found nan"),
        ("--events-per-day inf --customers 1", "events per day: found inf"),
        ("--events-per-day 1 --customers -5", "customers: found -5"),
        (f"{ASKED} --batch-size 0", "batch size: found 0, expected a number from 1 to 10,000"),
        (f"{ASKED} --parallelization 11", "parallelization: found 11, expected a number from 1 to 10"),
        (f"{ASKED} --window nan", "window seconds: found nan"),
        (f"{ASKED} --memory 64", "memory megabytes: found 64"),
        (f"{ASKED} --high-risk-share 20", "high risk share: found 20, expected a number from 0 to 1"),
        (f"{ASKED} --collapse-share -1", "collapse share: found -1"),
        (f"{ASKED} --prediction-days 0", "prediction days: found 0"),
        (f"{ASKED} --region eu-west-1", "no prices for region 'eu-west-1'"),
        (f"{ASKED} --stage staging", "no stage 'staging' on AWS"),
        (f"{ASKED} --write-millis -1", "write millis: found -1"),
        (f"{ASKED} --capacity cheap", "--capacity cheap: expected on-demand, provisioned, cheapest"),
    ],
)
def test_what_makes_no_sense_is_one_line(cost: Cost, options: str, says: str) -> None:
    """On stderr, with exit code 2 and nothing on stdout."""
    code, out, err = cost(options)
    assert (code, out) == (2, "")
    assert err.startswith(f"churn: {says}")
    assert err.count("\n") == 1


def test_the_plot_is_a_png(cost: Cost, tmp_path: Path) -> None:
    """Where it cannot be written, nothing is worked out."""
    code, out, err = cost(f"{ASKED} --json --plot cost.png")
    assert code == 0
    assert "plot: cost.png" in err
    assert json.loads(out)["total"] > 0
    assert (tmp_path / "cost.png").read_bytes().startswith(PNG)
    code, out, err = cost(f"{ASKED} --plot none/cost.png")
    assert (code, out) == (1, "")
    assert "--plot none/cost.png" in err


def test_a_scorer_that_would_fall_behind_is_told(cost: Cost) -> None:
    """With what to raise."""
    _, _, err = cost("--events-per-day 5e7 --customers 1e6 --batch-size 1 --parallelization 1")
    assert "the scorer falls behind" in err
    assert "--parallelization" in err
