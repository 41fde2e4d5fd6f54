"""The alarms as each stage's template has them, and their sections in the runbook."""

from __future__ import annotations

import re

import pytest

from infra.paths import PROJECT
from scorer.metrics import METRIC_UNITS, NAMESPACE
from tests.infra.alarms.rendered import Properties, alarms, metrics, of_types
from tests.infra.conditions import Resources, as_deployed
from tests.infra.conftest import Render

RUNBOOK = (PROJECT / "docs" / "runbook.md").read_text()
URL = "https://example.com/runbook.md"
STAGES: dict[str, dict[str, str]] = {
    "local": {},
    "dev": {},
    "prod": {"expectEvents": "true", "alarmEmail": "a@example.com", "runbookUrl": URL},
}
EVERYWHERE = {
    "iterator-age", "errors", "throttles", "on-failure", "lost", "rejected", "model-load-failures",
    "end-to-end", "write-throttles", "index-throttles", "cost",
}  # fmt: skip
MAPPING = "EventSourceMappingUUID"
# What AWS itself publishes, with the dimensions by which it does; documented, as CloudWatch's own lists are.
# Lambda developer guide, "Types of metrics"; DynamoDB developer guide, "DynamoDB metrics and dimensions".
OF_AWS: dict[tuple[str, str], list[set[str]]] = {
    ("AWS/Lambda", "IteratorAge"): [{"FunctionName"}],
    ("AWS/Lambda", "Errors"): [{"FunctionName"}, {"FunctionName", "Resource", "ExecutedVersion"}],
    ("AWS/Lambda", "Throttles"): [{"FunctionName"}],
    ("AWS/Lambda", "OnFailureDestinationDeliveredEventCount"): [{MAPPING}],
    ("AWS/Lambda", "DroppedEventCount"): [{MAPPING}],
    ("AWS/DynamoDB", "WriteThrottleEvents"): [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
}
LONGEST_SECONDS = {
    True: 7 * 86_400,
    False: 86_400,
}  # of all periods together; a week where each is an hour or more


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def deployed(render: Render, stage: str) -> Resources:
    return as_deployed(render(stage, **STAGES[stage]))


@pytest.fixture
def named(deployed: Resources, stage: str) -> dict[str, Properties]:
    return by_name(deployed, stage)


def by_name(deployed: Resources, stage: str) -> dict[str, Properties]:
    """The alarms of a stage by the names that people use."""
    return {
        each["AlarmName"].removeprefix(f"churn-telco-{stage}-"): each for each in alarms(deployed).values()
    }


def sections() -> dict[str, str]:
    """The runbook's section of each alarm."""
    found = RUNBOOK.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### (.+)$", found, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_each_stage_has_its_alarms(named: dict[str, Properties], stage: str) -> None:
    """One that pages on AWS, one for silence where events are expected, one where a release takes steps."""
    of_stage = {"local": set[str](), "dev": {"page"}, "prod": {"page", "no-events", "release-errors"}}
    assert set(named) == EVERYWHERE | of_stage[stage]


def test_each_alarm_links_to_its_section(named: dict[str, Properties], stage: str) -> None:
    """In one line that says what it means first; the address is a parameter."""
    url = STAGES[stage].get("runbookUrl", "docs/runbook.md")
    for name, alarm in named.items():
        means, link = alarm["AlarmDescription"].split(" Runbook: ")
        assert means.endswith(".")
        assert "\n" not in means
        assert link == f"{url}#{name}"


def test_alarms_and_sections_are_the_same(render: Render) -> None:
    """No alarm without a section, no section of an alarm that there is not; each says what it must."""
    assert set(by_name(as_deployed(render("prod", **STAGES["prod"])), "prod")) == set(sections())
    for name, text in sections().items():
        asked = (
            {"**look at**", "**do**"} if name == "page" else {"**look at**", "**do**", "**wake somebody**"}
        )
        assert asked <= set(re.findall(r"\*\*[^*]+\*\*", text.lower())), name


def test_every_metric_is_one_that_something_emits(named: dict[str, Properties], stage: str) -> None:
    """The scorer, under this stack's name, or AWS itself by dimensions that it documents."""
    for name, alarm in named.items():
        watched = metrics(alarm)
        assert watched or name == "page"
        for namespace, metric, dimensions in watched:
            if namespace == NAMESPACE:
                assert metric in METRIC_UNITS
                assert dimensions == {"service": f"churn-telco-{stage}"}
            else:
                assert set(dimensions) in OF_AWS[namespace, metric], f"{name}: {metric} by {set(dimensions)}"


def test_what_counts_events_is_switched_on(deployed: Resources) -> None:
    """Without its MetricsConfig the mapping publishes no count, and its alarms would be silent for ever."""
    counting = {
        metric for each in alarms(deployed).values() for _, metric, by in metrics(each) if MAPPING in by
    }
    assert counting == {"OnFailureDestinationDeliveredEventCount", "DroppedEventCount"}
    assert deployed["EventSource"]["Properties"]["MetricsConfig"] == {"Metrics": ["EventCount"]}


def test_the_index_is_the_tables(named: dict[str, Properties], deployed: Resources) -> None:
    """An index counts its throttles by a name that a test must compare, for YAML repeats it."""
    ((_, _, dimensions),) = metrics(named["index-throttles"])
    (index,) = deployed["PredictionsTable"]["Properties"]["GlobalSecondaryIndexes"]
    assert dimensions["GlobalSecondaryIndexName"] == index["IndexName"]
    assert dimensions["TableName"] == {"Ref": "PredictionsTable"}


def test_each_alarm_is_told_when_it_comes_and_when_it_goes(
    named: dict[str, Properties], deployed: Resources
) -> None:
    """The alarm that pages tells a topic of its own, so that a pager hears of nothing else."""
    made = of_types(deployed, "AWS::SNS::Topic")
    for name, alarm in named.items():
        topic = "PageTopic" if name == "page" else "AlarmTopic"
        assert topic in made
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}]
        assert alarm.get("ActionsEnabled", True)


def test_cloudwatch_takes_the_periods(named: dict[str, Properties]) -> None:
    """All evaluation periods together are a day at most, and of M out of N there are M."""
    for name, alarm in named.items():
        if name == "page":
            continue
        period = alarm.get("Period") or alarm["Metrics"][-1]["MetricStat"]["Period"]
        count = int(alarm["EvaluationPeriods"])
        assert period * count <= LONGEST_SECONDS[period >= 3600], name
        assert alarm.get("DatapointsToAlarm", count) <= count, name


def test_silence_is_a_fault_only_where_events_are_expected(named: dict[str, Properties], stage: str) -> None:
    """Elsewhere missing data is no breach, because a stream without events publishes nothing."""
    for name, alarm in named.items():
        if name not in ("page", "no-events"):
            assert alarm["TreatMissingData"] == "notBreaching", name
    if stage == "prod":
        silence = named["no-events"]
        assert silence["TreatMissingData"] == "breaching"
        assert (silence["ComparisonOperator"], silence["Threshold"]) == ("LessThanThreshold", 1)
        assert (silence["Period"], int(silence["EvaluationPeriods"])) == (60, 15)


def test_a_share_of_few_events_says_nothing(named: dict[str, Properties], stage: str) -> None:
    """On AWS rejected / received, by metric math, from a number of events on; a count on the embedded AWS."""
    alarm = named["rejected"]
    if stage == "local":
        assert (alarm["MetricName"], alarm["Threshold"], alarm["Statistic"]) == ("EventsRejected", 100, "Sum")
        return
    (share,) = (query for query in alarm["Metrics"] if query["ReturnData"])
    assert share["Expression"] == "IF(received >= 200, 100 * rejected / received, 0)"
    assert alarm["Threshold"] == 5
    queries = {q["Id"]: q["MetricStat"] for q in alarm["Metrics"] if "MetricStat" in q}
    assert {name: query["Metric"]["MetricName"] for name, query in queries.items()} == {
        "rejected": "EventsRejected", "received": "EventsReceived",
    }  # fmt: skip
    assert {(query["Period"], query["Stat"]) for query in queries.values()} == {(300, "Sum")}


def test_the_pager_goes_off_for_what_the_runbook_wakes_people_for(
    named: dict[str, Properties], deployed: Resources, stage: str
) -> None:
    """The rule of the composite alarm, and the table at the top of the runbook, name the same alarms."""
    if stage == "local":
        return
    rule = named["page"]["AlarmRule"]["Fn::Sub"]
    paging = re.findall(r'ALARM\("\$\{(\w+)\}"\)', rule)
    assert rule == " OR ".join(f'ALARM("${{{name}}}")' for name in paging)
    prefix = f"churn-telco-{stage}-"
    names = {deployed[each]["Properties"]["AlarmName"].removeprefix(prefix) for each in paging}
    waking = set(re.findall(r"^\| \[([a-z-]+)\]\(#\1\) \| \*\*yes\*\*", RUNBOOK, re.MULTILINE)) - {"page"}
    assert names == (waking if stage == "prod" else waking - {"no-events"})


def test_every_alarm_is_in_the_table_of_the_runbook() -> None:
    """Once, with whether to wake somebody."""
    table = RUNBOOK.partition("| alarm | wake somebody?")[2].partition("\n\n")[0]
    listed = re.findall(r"\[([a-z-]+)\]\(#\1\)", table)
    assert sorted(listed) == sorted(sections())


def test_only_cloudwatch_and_over_tls(deployed: Resources, stage: str) -> None:
    """This stack's alarms may publish, plain HTTP is denied to everyone, and no key keeps CloudWatch out."""
    policies = of_types(deployed, "AWS::SNS::TopicPolicy")
    pattern = {"AlarmTopicPolicy": "*"} | ({} if stage == "local" else {"PageTopicPolicy": "page"})
    for name, which in pattern.items():
        topic = {"Ref": name.removesuffix("Policy")}
        assert policies[name]["Topics"] == [topic]
        deny, allow = policies[name]["PolicyDocument"]["Statement"]
        assert (deny["Effect"], deny["Principal"]) == ("Deny", "*")
        assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        assert (allow["Effect"], allow["Action"], allow["Resource"]) == ("Allow", "sns:Publish", topic)
        assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
        assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        source = allow["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
        assert source.endswith(f":alarm:churn-telco-{stage}-{which}")
        assert "KmsMasterKeyId" not in deployed[topic["Ref"]]["Properties"]


def test_mail_is_sent_where_there_is_an_address(deployed: Resources, stage: str) -> None:
    """Of alarms and of pages alike; the topics are there without it."""
    subscribed = of_types(deployed, "AWS::SNS::Subscription")
    if stage != "prod":
        assert subscribed == {}
        return
    topics = {each["TopicArn"]["Ref"] for each in subscribed.values()}
    assert topics == {"AlarmTopic", "PageTopic"}
    assert {(each["Protocol"], each["Endpoint"]) for each in subscribed.values()} == {
        ("email", "a@example.com")
    }
