"""What the bill takes for granted is what the rest of the project does, measured or deploys."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from contract.put import PutWriter, Scores
from infra.cost import bill, traffic
from infra.cost.load import ON_DEMAND, Deployment, Load
from infra.cost.measured import FULL_BATCH, PUBLISHED, Measured, measured, published
from infra.cost.template import EVENT_COUNT_METRICS, deployment
from infra.errors import CostError, CostUsageError
from scorer import table
from scorer.metrics import METRIC_UNITS, REJECTED_METRICS, emit
from tests.infra.cost.fixed import DEPLOYMENT, LOAD, MEASURED

ROOT = Path(__file__).resolve().parents[3]
FIGURE = r"\| ([\d.,]+) \| ([\d.,]+) \|"


def dynamodb_size(value: dict[str, Any]) -> int:
    """As DynamoDB counts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    ((kind, content),) = value.items()
    if kind == "S":
        return len(content.encode())
    if kind == "N":
        return 1 + (len(re.sub(r"[^\d]", "", content).lstrip("0")) + 1) // 2 + content.startswith("-")
    if kind == "L":
        return 3 + sum(1 + dynamodb_size(each) for each in content)
    return 3 + sum(1 + len(name.encode()) + dynamodb_size(each) for name, each in content.items())


def test_a_prediction_has_the_size_that_is_billed() -> None:
    """With ids as long as UUIDs, in the high band; well below the KB at which a write costs twice."""
    features = ["PaymentMethod", "InternetService", "OnlineSecurity"]
    (put,) = PutWriter("20261120T100000123Z-1a2b3c4d", features)(
        Scores([0.812345], ["high"], [[0], [1], [2]], [[0.7312], [-0.6001], [0.25]], {}),
        customer_ids=["0197f0c0-7a3e-7b3c-9f00-5f1d2c3b4a59"],
        event_keys=["2026-11-20T10:00:00.123Z#0197f0c0-7a3e-7b3c-9f00-5f1d2c3b4a59"],
        scored_at="2026-11-20T10:00:00.456Z",
        expires_at=[1_797_760_800],
    )
    item = json.loads(put.request)["PutRequest"]["Item"]
    size = sum(len(name) + dynamodb_size(value) for name, value in item.items())
    assert size == pytest.approx(bill.ITEM_BYTES, rel=0.15)
    assert size < 700


@pytest.mark.parametrize("latencies", [1, 100])
def test_the_line_of_metrics_has_the_length_that_is_billed(
    latencies: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of one event, and of a full batch."""
    usual = METRIC_UNITS.keys() - set(REJECTED_METRICS.values()) - {"ModelLoads", "ModelLoadFailures"}
    values = {name: [123.0] for name in usual} | {"EndToEndMillis": [612.0] * latencies}
    emit("churn-telco-prod", values)
    printed = len(capsys.readouterr().out)
    assert printed == pytest.approx(bill.LINE_BYTES + bill.VALUE_BYTES * latencies, rel=0.15)


def test_writes_go_out_as_the_scorer_sends_them() -> None:
    """Items a request, requests at a time."""
    assert (traffic.ITEMS_PER_WRITE, traffic.WRITES_IN_FLIGHT) == (
        table.MAX_ITEMS_PER_WRITE,
        table.WRITES_IN_FLIGHT,
    )


def test_published_figures_are_those_of_the_performance_page() -> None:
    """measured.json says nothing that docs/performance.md does not."""
    page = (ROOT / "docs" / "performance.md").read_text()
    said = {float(number.replace(",", "")) for row in re.findall(FIGURE, page) for number in row}
    found = json.loads(PUBLISHED.read_text())
    for name in found.keys() - {"source", "as_of", "handler_events"}:
        assert found[name] in said, name
    assert f"handler, {found['handler_events']} events" in page


def bench(events: int = FULL_BATCH, **changes: Any) -> list[dict[str, Any]]:
    """What bench.json has, as far as it is read."""
    rows = {
        "kernel against json, pandas, scikit-learn, batched": (6.0, 70.0),
        "kernel against pandas, scikit-learn, one event at a time": (6.0, 4000.0),
        f"DynamoDB write, {events} items against boto3 client": (12.0, 90.0),
        f"handler, {events} events, writes at 6 ms against BatchProcessor, boto3 resource": (11.0, 600.0),
        "cold start, 10 events against the naive handler, as SAM and Serverless deploy it": (150.0, 700.0),
        "observability per invocation against its budget": (50.0, 60.0),
    } | changes
    return [{"name": name, "ours": ours, "peer": peer} for name, (ours, peer) in rows.items()]


def test_a_bench_of_this_machine_comes_before_what_was_published(tmp_path: Path) -> None:
    """With its day; a quick run is too rough, and no run at all is no mistake."""
    path = tmp_path / "bench.json"
    assert measured(path) == published()
    path.write_text(json.dumps(bench()))
    os.utime(path, (1_800_000_000, 1_800_000_000))
    assert measured(path) == Measured(
        kernel_micros=6,
        write_micros=12,
        observability_micros=50,
        handler_millis=11,
        handler_events=500,
        cold_start_millis=150,
        naive_handler_millis=600,
        single_predict_micros=4000,
        source="bench.json of `make bench` on this machine",
        as_of="2027-01-15",
    )
    path.write_text(json.dumps(bench(events=50)))
    assert measured(path).kernel_micros == published().kernel_micros
    assert measured(path).source == "docs/performance.md, since bench.json is of a quick run"


@pytest.mark.parametrize("text", ["", "[", "{}", "[1]", json.dumps(bench()[1:]), '[{"name": "x"}]'])
def test_a_damaged_bench_is_one_line(tmp_path: Path, text: str) -> None:
    """With what to do."""
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(CostError, match=r"bench\.json: .*; run `make bench` again, or remove the file$"):
        measured(tmp_path / "bench.json")


def test_figures_that_no_machine_has_are_refused(tmp_path: Path) -> None:
    """Zero, as of a clock that stood still."""
    rows = bench(**{"observability per invocation against its budget": (0.0, 60.0)})
    (tmp_path / "bench.json").write_text(json.dumps(rows))
    with pytest.raises(CostError, match=r"observability_micros is 0\.0"):
        measured(tmp_path / "bench.json")


def test_the_deployment_is_that_of_the_template() -> None:
    """prod's own parameters where it has any, else the defaults; every alarm and dashboard there is."""
    prod, dev = (deployment(stage, own_metrics=20) for stage in ("prod", "dev"))
    assert (prod.capacity, prod.retention_hours) == (ON_DEMAND, 168)
    assert (prod.batch_size, prod.memory_megabytes) == (500, 1769)
    assert dev.retention_hours == 24
    assert prod.watching.custom_metrics in (20, 20 + EVENT_COUNT_METRICS)
    assert prod.watching.alarm_metrics >= 5
    assert prod.watching.dashboards == 1
    for stage in ("default", "local", "staging"):
        with pytest.raises(CostUsageError, match=f"no stage '{stage}' on AWS: .* has dev, prod"):
            deployment(stage, own_metrics=20)


def test_alarms_are_counted_by_the_metrics_they_watch(tmp_path: Path) -> None:
    """Metric math is free; a mapping that counts events has six metrics more."""
    parameters = (ROOT / "infra" / "resources" / "parameters.yml").read_text()
    (tmp_path / "parameters.yml").write_text(parameters)
    (tmp_path / "alarms.yml").write_text(
        """
Resources:
  One: {Type: "AWS::CloudWatch::Alarm", Properties: {MetricName: Errors, AlarmActions: !If [A, B, C]}}
  Share:
    Type: AWS::CloudWatch::Alarm
    Properties:
      Metrics:
        - {Id: a, MetricStat: {Stat: Sum}}
        - {Id: b, MetricStat: {Stat: Sum}}
        - {Id: share, Expression: a / b}
  Page: {Type: "AWS::CloudWatch::CompositeAlarm", Properties: {AlarmRule: !Sub "ALARM(x)"}}
  Source: {Type: "AWS::Lambda::EventSourceMapping", Properties: {MetricsConfig: {Metrics: [EventCount]}}}
"""
    )
    watching = deployment("prod", own_metrics=10, resources=tmp_path).watching
    assert (watching.custom_metrics, watching.alarm_metrics) == (16, 3)
    assert (watching.composite_alarms, watching.dashboards) == (1, 0)
    assert not deployment("prod", own_metrics=10, resources=tmp_path).own_key
    keyed = parameters.replace("default:\n", "default:\n  kmsKey: arn:aws:kms:us-east-1:1:key/2\n", 1)
    (tmp_path / "parameters.yml").write_text(re.sub(r'(?m)^  kmsKey: "".*\n', "", keyed))
    assert deployment("prod", own_metrics=10, resources=tmp_path).own_key
    (tmp_path / "alarms.yml").write_text("Resources: {")
    with pytest.raises(CostError, match=r"alarms\.yml"):
        deployment("prod", own_metrics=10, resources=tmp_path)
    with pytest.raises(CostError, match=r"parameters\.yml"):
        deployment("prod", own_metrics=10, resources=tmp_path / "none")
    with pytest.raises(CostError, match="lacks 'capacityMode'"):
        Deployment.of({}, watching)


def test_a_lane_that_cannot_keep_up_is_busy_more_than_all_the_time() -> None:
    """One lane with a batch size of 1: 300 invocations a second at the peak, of 12.5 ms each."""
    flow = traffic.traffic(
        Load(events_per_day=LOAD.events_per_day, customers=1e6, rejected_share=0, collapse_share=0),
        Deployment(**{**{name: getattr(DEPLOYMENT, name) for name in DEPLOYMENT.__slots__}, "batch_size": 1}),
        MEASURED,
    )
    # CPU 2,450 + 50 + 15 µs and 10 ms for one request: 12.515 ms × 300/s = 3.7545
    assert flow.busy == pytest.approx(3.7545)
