"""EMF lines become what PutMetricData takes, once each."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.embedded_metrics import metrics_in
from infra.local.metrics_extractor import MetricsExtractor
from infra.local.observed_metrics import ObservedMetrics


def line(**members: Any) -> str:
    directive = {
        "Namespace": "ChurnStream",
        "Dimensions": [["service"]],
        "Metrics": [{"Name": "EventsReceived", "Unit": "Count"}, {"Name": "ScoreMillis"}],
    }
    metadata = {"Timestamp": 1_700_000_000_123, "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, "service": "churn-telco-local", **members})


def test_a_line_gives_one_datum_per_metric() -> None:
    """Name, unit, dimensions and time are kept; a metric without a unit has None."""
    received, millis = metrics_in(line(EventsReceived=500, ScoreMillis=[1.5, 2.5]))
    assert received.namespace == "ChurnStream"
    assert received.datum == {
        "MetricName": "EventsReceived",
        "Dimensions": [{"Name": "service", "Value": "churn-telco-local"}],
        "Timestamp": 1_700_000_000.123,
        "Unit": "Count",
        "Values": [500.0],
    }
    assert (millis.datum["Unit"], millis.datum["Values"]) == ("None", [1.5, 2.5])


def test_long_arrays_are_cut_to_what_a_datum_takes() -> None:
    """Values past 150 go into further data, none is lost."""
    data = metrics_in(line(EventsReceived=list(range(320))))
    assert [len(metric.datum["Values"]) for metric in data] == [150, 150, 20]


def test_missing_members_leave_out_only_themselves() -> None:
    """A metric without a value is skipped; a dimension set without its member takes nothing with it."""
    assert [m.datum["MetricName"] for m in metrics_in(line(ScoreMillis=1))] == ["ScoreMillis"]
    assert metrics_in(line(EventsReceived=True, ScoreMillis="1")) == []
    several = json.loads(line(EventsReceived=1))
    several["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = [["service", "absent"], ["service"], []]
    assert [len(m.datum["Dimensions"]) for m in metrics_in(json.dumps(several))] == [1, 0]


@given(st.text() | st.text().map(lambda text: '{"_aws": ' + text))
def test_any_other_line_is_passed_over(text: str) -> None:
    """No log line breaks the extractor."""
    assert metrics_in(text) == []


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.lists(inner)))
def test_malformed_metadata_is_passed_over(metadata: object) -> None:
    """Valid JSON with an `_aws` member of another shape gives nothing."""
    assert metrics_in(json.dumps({"_aws": metadata})) == []


class FakeCloudWatch:
    """Keeps the values of each metric; can refuse, and keeps the limit on data per request."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.refuse = False
        self.requests: list[dict[str, Any]] = []

    def put_metric_data(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803
        assert 1 <= len(MetricData) <= 1000
        if self.refuse:
            raise ConnectionError("CloudWatch is away")
        self.requests.append({"Namespace": Namespace, "MetricData": MetricData})
        for datum in MetricData:
            self.values.setdefault(datum["MetricName"], []).extend(datum.get("Values", []))


class FakeLogs:
    """Lines with their times, filtered from a start time on, in pages of two."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def filter_log_events(self, **request: Any) -> dict[str, Any]:
        found = [
            {"eventId": str(number), "timestamp": time, "message": text}
            for number, (time, text) in enumerate(self.lines)
            if time >= request["startTime"] and request["filterPattern"] in text
        ]
        start = int(request.get("nextToken", 0))
        page = {"events": found[start : start + 2]}
        return page | ({"nextToken": str(start + 2)} if start + 2 < len(found) else {})


def extractor(logs: FakeLogs, cloudwatch: FakeCloudWatch, published_until: int = 0) -> MetricsExtractor:
    return MetricsExtractor(
        logs=logs,  # type: ignore[arg-type]
        cloudwatch=cloudwatch,  # type: ignore[arg-type]
        log_group="/aws/lambda/churn-telco-local-scorer",
        published_until=published_until,
    )


def test_each_line_counts_once() -> None:
    """Calling again adds only what is new, also when it appears late and out of order."""
    logs, cloudwatch = FakeLogs(), FakeCloudWatch()
    follow = extractor(logs, cloudwatch)
    logs.lines = [(1_000_000 + n, line(EventsReceived=n)) for n in range(1, 6)]
    assert follow.extract() == 5
    assert follow.extract() == 0
    logs.lines += [
        (1_000_500, "START"),
        (995_000, line(EventsReceived=6)),
        (2_000_000, line(EventsReceived=7)),
    ]
    assert follow.extract() == 2
    assert follow.extract() == 0
    assert sorted(cloudwatch.values["EventsReceived"]) == [1, 2, 3, 4, 5, 6, 7]


def test_a_later_extractor_goes_on_where_an_earlier_one_stopped() -> None:
    """No line counts again, not even one within the overlap."""
    logs, cloudwatch = FakeLogs(), FakeCloudWatch()
    logs.lines = [(1_000_000, line(EventsReceived=1)), (1_000_001, line(EventsReceived=2))]
    first = extractor(logs, cloudwatch)
    assert first.extract() == 2
    logs.lines.append((1_000_002, line(EventsReceived=3)))
    assert extractor(logs, cloudwatch, first.published_until).extract() == 1
    assert cloudwatch.values["EventsReceived"] == [1, 2, 3]


def test_refused_metrics_are_sent_again() -> None:
    """A line stays unread until CloudWatch has its metrics."""
    logs, cloudwatch = FakeLogs(), FakeCloudWatch()
    follow = extractor(logs, cloudwatch)
    logs.lines = [(1_000_000, line(EventsReceived=1))]
    cloudwatch.refuse = True
    with pytest.raises(ConnectionError):
        follow.extract()
    cloudwatch.refuse = False
    assert follow.extract() == 1
    assert cloudwatch.values["EventsReceived"] == [1]


def test_observations_become_the_metrics_that_aws_publishes(settings: Any) -> None:
    """One statistic set per metric under AWS's name and dimension, one request per namespace, sent once."""
    made = settings()
    observed, cloudwatch = ObservedMetrics(made), FakeCloudWatch()
    for value in (3.0, 1.0, -0.5):
        observed.observe("IteratorAge", value)
    observed.observe("InvokedEventCount", 7)
    observed.observe("GetRecords.IteratorAgeMilliseconds", 0)
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    lambdas, kinesis = cloudwatch.requests
    assert (lambdas["Namespace"], kinesis["Namespace"]) == ("AWS/Lambda", "AWS/Kinesis")
    data = {datum["MetricName"]: datum for datum in lambdas["MetricData"]}
    age, invoked = data["IteratorAge"], data["InvokedEventCount"]
    assert age["Dimensions"] == [{"Name": "FunctionName", "Value": "scorer"}]
    assert age["StatisticValues"] == {"SampleCount": 3, "Sum": 4.0, "Minimum": 0.0, "Maximum": 3.0}
    assert invoked["Dimensions"] == [{"Name": "EventSourceMappingUUID", "Value": made.mapping_id}]
    assert (age["Unit"], invoked["Unit"]) == ("Milliseconds", "Count")


def test_what_alarms_watch_is_zero_where_nothing_happened(settings: Any) -> None:
    """The emulator leaves an alarm as it is where there are no data, so now and then a zero has to end it."""
    seconds = 100.0
    observed, cloudwatch = ObservedMetrics(settings(), clock=lambda: seconds), FakeCloudWatch()
    observed.observe("OnFailureDestinationDeliveredEventCount", 2)
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    observed.observe("PolledEventCount", 0)
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    assert len(cloudwatch.requests) == 1
    seconds += 6
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    sums = [
        {datum["MetricName"]: datum["StatisticValues"]["Sum"] for datum in request["MetricData"]}
        for request in cloudwatch.requests
    ]
    assert sums == [
        {"OnFailureDestinationDeliveredEventCount": 2, "DroppedEventCount": 0},
        {"OnFailureDestinationDeliveredEventCount": 0, "DroppedEventCount": 0, "PolledEventCount": 0},
    ]


def test_what_happened_is_published_at_once(settings: Any) -> None:
    """Zeros that wait go with it."""
    observed, cloudwatch = ObservedMetrics(settings(), clock=lambda: 100.0), FakeCloudWatch()
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    observed.observe("PolledEventCount", 0)
    observed.observe("IteratorAge", 3)
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    _, second = cloudwatch.requests
    assert {datum["MetricName"] for datum in second["MetricData"]} >= {"PolledEventCount", "IteratorAge"}


def test_what_was_put_counts_in_the_minute_of_its_arrival(settings: Any) -> None:
    """However much later it was read."""
    observed, cloudwatch = ObservedMetrics(settings()), FakeCloudWatch()
    for second, count in ((119, 1), (120, 2), (179.9, 3)):
        observed.observe("IncomingRecords", count, second)
    observed.publish(cloudwatch)  # type: ignore[arg-type]
    (kinesis,) = (request for request in cloudwatch.requests if request["Namespace"] == "AWS/Kinesis")
    data = kinesis["MetricData"]
    assert [datum["Timestamp"].timestamp() for datum in data] == [60, 120]
    assert [datum["StatisticValues"]["Sum"] for datum in data] == [1, 5]
