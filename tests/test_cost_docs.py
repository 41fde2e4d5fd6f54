"""docs/scaling.md and docs/cost.md say what `churn cost` says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from contract.prediction import RISK_SHARDS
from infra.cost.bill import cheapest_capacity
from infra.cost.estimate import Estimate, estimate
from infra.cost.load import Deployment, Load
from infra.cost.measured import published
from infra.cost.price_table import load_prices
from infra.cost.template import deployment
from scorer.metrics import METRIC_UNITS
from tests.test_docs import find_command, options_of

ROOT = Path(__file__).resolve().parent.parent
SCALING, COST = ((ROOT / "docs" / name).read_text() for name in ("scaling.md", "cost.md"))
ROUNDED = 0.02  # three digits; and an alarm more in the template is no reason to write the pages anew
CELL = r"([\d.,]+) \|"


def worked_out(load: Load, **changes: object) -> Estimate:
    """As `churn cost --capacity cheapest` does without a bench of its own."""
    prices, measured = load_prices("us-east-1"), published()
    base: Deployment = replace(deployment("prod", own_metrics=len(METRIC_UNITS)), **changes)  # type: ignore[arg-type]
    return estimate(load, cheapest_capacity(load, base, measured, prices), measured, prices)


def number(text: str) -> float:
    return float(text.replace(",", ""))


def stages() -> list[list[float]]:
    """The rows of numbers under Stages of growth."""
    section = SCALING.partition("## Stages of growth")[2].partition("\n## ")[0]
    return [list(map(number, row)) for row in re.findall(r"^\| " + " ".join([CELL] * 9) + "$", section, re.M)]


def test_there_is_a_row_for_each_stage() -> None:
    """From a hundred events a second to a million."""
    assert [row[0] for row in stages()] == [100, 1000, 10_000, 100_000, 1_000_000]


@pytest.mark.parametrize("row", stages(), ids=lambda row: f"{row[0]:g}")
def test_the_stages_are_what_the_command_says(row: list[float]) -> None:
    """Shards, lanes, batches, concurrency, writes and costs."""
    load = Load(events_per_day=row[0] * 86_400, customers=row[1])
    found = worked_out(load)
    flow = found.flow
    at_peak = load.rate * load.peak_factor * (1 - flow.collapse_share) * (1 + load.high_risk_share)
    assert row[5] == pytest.approx(flow.concurrency_at_peak, abs=0.005, rel=ROUNDED)
    assert row[2:5] + row[6:] == pytest.approx(
        [flow.shards, flow.lanes, flow.batch, at_peak, found.bill.per_million, found.bill.total],
        rel=ROUNDED,
    )


def test_the_shares_and_savings_in_the_text_are_true() -> None:
    """Of DynamoDB, of a shorter history, and of the fan-out."""
    first, *others = [
        worked_out(Load(events_per_day=rate * 86_400, customers=customers))
        for rate, customers, *_ in stages()
    ]
    assert "84 % of the first line and 95 % of the others" in SCALING
    share = {
        found.load.rate: found.bill.by_service()["DynamoDB"] / found.bill.total for found in (first, *others)
    }
    assert share.pop(100) == pytest.approx(0.84, abs=0.01)
    assert list(share.values()) == pytest.approx([0.95] * len(others), abs=0.01)
    weekly = worked_out(others[1].load, prediction_days=7)
    assert "cost about $0.86" in SCALING
    assert weekly.bill.per_million == pytest.approx(0.86, abs=0.02)
    lines = {line.what: line.dollars for line in worked_out(others[1].load, enhanced_fan_out=True).bill.lines}
    assert "$329 a month for the shards, $191 for the data" in SCALING
    assert (lines["enhanced fan-out"], lines["fan-out data"]) == pytest.approx((329, 191), rel=0.01)


def test_what_cost_md_says_of_a_million_events_is_true() -> None:
    """The parts of their price at 1,000 a second, and the fixed part of a trickle."""
    found = worked_out(Load(events_per_day=86.4e6, customers=1e7))
    each = {(line.service, line.what): line.dollars / found.load.events * 1e6 for line in found.bill.lines}
    services = {name: dollars / found.load.events * 1e6 for name, dollars in found.bill.by_service().items()}
    assert "about $1.08" in COST
    assert found.bill.per_million == pytest.approx(1.08, abs=0.02)
    assert "is $0.75" in COST
    assert each["DynamoDB", "writes"] + each["DynamoDB", "writes to by_risk"] == pytest.approx(0.75, abs=0.01)
    assert f"{found.deployment.prediction_days:g} days $0.27" in COST
    kept = each["DynamoDB", "storage"] + each["DynamoDB", "recovery (PITR)"]
    assert kept == pytest.approx(0.27, abs=0.01)
    assert re.search(r"three\s+quarters of it writes, a quarter the 35 days", SCALING)
    assert "the quarter of DynamoDB" in COST
    assert kept / services["DynamoDB"] == pytest.approx(0.25, abs=0.02)
    assert "94 % at 1,000" in COST
    assert services["DynamoDB"] / found.bill.per_million == pytest.approx(0.94, abs=0.01)
    weekly = worked_out(found.load, prediction_days=7)
    assert "7 of them cost a fifth less" in COST
    assert weekly.bill.total / found.bill.total == pytest.approx(0.8, abs=0.01)
    assert "Kinesis $0.04 and Lambda $0.004" in COST
    assert (services["Kinesis"], services["Lambda"]) == pytest.approx((0.043, 0.0044), rel=0.1)
    trickle = worked_out(Load(events_per_day=8640, customers=1000))
    assert re.search(r"about \$40 a month with one shard, of which \$26 are the\s+stream", COST)
    assert trickle.bill.total == pytest.approx(40, abs=4)
    assert trickle.bill.by_service()["Kinesis"] == pytest.approx(26, abs=0.5)


def test_the_comparison_in_cost_md_is_the_commands() -> None:
    """Each row, with and without DynamoDB; and the last stage's figures besides DynamoDB."""
    found = worked_out(Load(events_per_day=1e6, customers=2e5))
    rows = re.findall(r"^\| ([^|]+) \| ([\d,]+) \| ([\d,]+) \|$", COST, re.M)
    bills = (found.bill, *found.others)
    assert [name for name, *_ in rows] == [bill.name for bill in bills]
    for (_, total, besides), bill in zip(rows, bills, strict=True):
        assert number(total) == pytest.approx(bill.total, rel=0.05)
        assert number(besides) == pytest.approx(bill.besides_table, rel=0.1)
    last = worked_out(Load(events_per_day=86.4e9, customers=1e8))
    besides_table = {
        bill.name: bill.besides_table / last.load.events * 1e6 for bill in (last.bill, *last.others)
    }
    assert "$0.039 per million besides DynamoDB, this system $0.056: $0.043 of that is the stream" in COST
    assert last.bill.by_service()["Kinesis"] / last.load.events * 1e6 == pytest.approx(0.043, abs=0.001)
    assert besides_table["container, called"] == pytest.approx(0.039, abs=0.001)
    assert besides_table["this system"] == pytest.approx(0.056, abs=0.001)
    assert re.search(
        r"a little less than this system at a million events a day, and a little more from a\s+thousand", COST
    )
    busy = worked_out(Load(events_per_day=86.4e6, customers=1e7))
    little = [each.others[-1].total / each.bill.total for each in (found, busy)]
    assert found.others[-1].name == "container on the stream"
    assert 0.95 < little[0] < 1 < little[1] < 1.05


def test_an_idle_stack_costs_what_deploy_md_and_parameters_yml_say() -> None:
    """From dev, whose stream is one shard, to prod as it is deployed."""
    prices, idle = load_prices("us-east-1"), Load(events_per_day=1, customers=1)
    dev, prod = (
        estimate(idle, deployment(stage, own_metrics=len(METRIC_UNITS)), published(), prices).bill
        for stage in ("dev", "prod")
    )
    assert "25 to 45 USD a month" in (ROOT / "docs" / "deploy.md").read_text()
    assert (dev.total, prod.total) == pytest.approx((25, 45), abs=2)
    said = "about 25 USD a month when idle, of which the shard is 11"
    assert said in (ROOT / "infra" / "resources" / "parameters.yml").read_text()
    assert dev.by_service()["Kinesis"] == pytest.approx(11, abs=0.5)


def test_ten_times_the_cpu_would_hardly_show() -> None:
    """Which is what cost.md says of what this project saves."""
    load = Load(events_per_day=86.4e6, customers=1e7)
    usual = worked_out(load)
    measured = usual.measured
    slow = replace(
        measured,
        kernel_micros=measured.kernel_micros * 10,
        write_micros=measured.write_micros * 10,
        observability_micros=measured.observability_micros * 10,
        handler_millis=measured.handler_millis * 10,
    )
    slower = estimate(load, usual.deployment, slow, usual.prices).bill.total / usual.bill.total
    assert "would add 0.7 %" in COST
    assert slower == pytest.approx(1.007, abs=0.001)


def test_the_commands_of_both_pages_exist() -> None:
    """With their options."""
    lines = re.findall(r"^churn (.*?)(?:\s+#.*)?$", SCALING + COST, re.M)
    assert len(lines) >= 5
    for line in lines:
        command, words = find_command(line.split())
        assert {word for word in words if word.startswith("--")} <= options_of(command)


def test_the_parameters_that_lift_limits_are_parameters() -> None:
    """Every one that scaling.md names is in parameters.yml, and the index has the partitions it says."""
    parameters = yaml.safe_load((ROOT / "infra" / "resources" / "parameters.yml").read_text())["default"]
    named = set(re.findall(r"`([a-z]+[A-Z]\w*|shards|parallelization)(?::[^`]*)?`", SCALING))
    assert len(named) >= 7
    assert named <= set(parameters)
    assert f"{RISK_SHARDS} partitions × 1,000 writes/s = {RISK_SHARDS * 1000:,}" in SCALING
