"""One EMF line per invocation, within CloudWatch's limits."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorer.metrics import MAX_VALUES, METRIC_UNITS, NAMESPACE, emit, order_statistics


def emitted(capsys: pytest.CaptureFixture[str], values: dict[str, Any]) -> dict[str, Any]:
    emit("churn-tiny-test", values)
    [line] = capsys.readouterr().out.splitlines()
    document: dict[str, Any] = json.loads(line)
    return document


def test_a_line_has_one_namespace_and_the_single_dimension_service(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each further dimension would multiply the cost."""
    document = emitted(capsys, {name: [1.0] for name in METRIC_UNITS})
    [directive] = document["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == (NAMESPACE, [["service"]])
    assert document["service"] == "churn-tiny-test"
    assert {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]} == METRIC_UNITS


@pytest.mark.parametrize("count", [99, 100, 101, 500])
def test_a_metric_of_many_values_stays_one_line_of_at_most_a_hundred(
    capsys: pytest.CaptureFixture[str], count: int
) -> None:
    """At 100 values Powertools would print a line of its own; CloudWatch takes no more than 100."""
    document = emitted(capsys, {"EndToEndMillis": [float(n) for n in reversed(range(count))]})
    assert len(document["EndToEndMillis"]) == min(count, 100)
    assert (min(document["EndToEndMillis"]), max(document["EndToEndMillis"])) == (0.0, count - 1.0)


def test_a_metric_without_values_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """An empty array is no metric, and an average over nothing must not become 0."""
    document = emitted(capsys, {"EventsReceived": [0.0], "EndToEndMillis": []})
    assert "EndToEndMillis" not in document
    assert len(document["_aws"]["CloudWatchMetrics"][0]["Metrics"]) == 1


def test_a_metric_nobody_declared_is_refused() -> None:
    """METRIC_UNITS is the one list: the dashboard and the alarms are checked against it."""
    with pytest.raises(KeyError):
        emit("s", {"Surprise": [1.0]})


@given(st.integers(1, 600), st.randoms())
def test_order_statistics_keep_the_extremes_and_the_percentiles(count: int, chance: random.Random) -> None:
    """Each is one of the values, in order; least and greatest are there, and so is the median's neighbour."""
    values = [float(n) for n in range(count)]
    chance.shuffle(values)
    found = order_statistics(values)
    assert len(found) == min(len(values), MAX_VALUES)
    assert set(found) <= set(values)
    assert (min(found), max(found)) == (min(values), max(values))
    if len(values) > MAX_VALUES:
        assert found == sorted(found)
        ranks = sorted(values)
        assert ranks[len(values) // 2 - 3] <= found[MAX_VALUES // 2] <= ranks[len(values) // 2 + 3]
