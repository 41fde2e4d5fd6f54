"""What may be chosen per stage, and what is refused before anything is deployed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.infra.conditions import as_deployed
from tests.infra.conftest import Render
from tests.infra.rendering import ALL_THAT_IS_OPTIONAL, KEY, NOW, TEMPLATE, Service, lint, refusals


def test_cfn_lint_finds_nothing_whatever_is_chosen(render: Render, tmp_path: Path) -> None:
    """Each stage as it is, and production with all that is optional at once."""
    templates = {stage: render(stage) for stage in ("local", "dev", "prod")}
    templates["everything"] = render("prod", **ALL_THAT_IS_OPTIONAL)
    for name, template in templates.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(template))
    assert lint(*tmp_path.glob("*.json")) == ""


def test_the_mapping_takes_what_the_stage_says(render: Render) -> None:
    """Batch size, window, parallelization, where to start, and whether records are pushed."""
    resources = as_deployed(render("prod", **ALL_THAT_IS_OPTIONAL))
    mapping = resources["EventSource"]["Properties"]
    limits = ("BatchSize", "MaximumBatchingWindowInSeconds", "ParallelizationFactor")
    assert [int(mapping[name]) for name in limits] == [10000, 300, 10]
    assert (mapping["StartingPosition"], mapping["StartingPositionTimestamp"]) == ("AT_TIMESTAMP", str(NOW))
    assert mapping["EventSourceArn"] == {"Fn::GetAtt": ["StreamConsumer", "ConsumerARN"]}
    assert int(resources["EventStream"]["Properties"]["ShardCount"]) == 2
    plain = as_deployed(render("prod"))
    assert plain["EventSource"]["Properties"]["EventSourceArn"] == {"Fn::GetAtt": ["EventStream", "Arn"]}
    assert "StartingPositionTimestamp" not in plain["EventSource"]["Properties"]
    assert "StreamConsumer" not in plain
    assert "ShardCount" not in plain["EventStream"]["Properties"]


def test_concurrency_is_reserved_only_where_a_number_is_given(render: Render) -> None:
    """Otherwise the function takes its share of the account's."""
    reserved = as_deployed(render("prod", **ALL_THAT_IS_OPTIONAL))["ScorerLambdaFunction"]["Properties"]
    assert int(reserved["ReservedConcurrentExecutions"]) == 20
    plain = as_deployed(render("prod"))["ScorerLambdaFunction"]["Properties"]
    assert "ReservedConcurrentExecutions" not in plain


def test_production_outlasts_what_development_does_not(render: Render) -> None:
    """More retention and logs, capacity that follows the traffic, and the same protection of data."""
    dev, prod = as_deployed(render("dev")), as_deployed(render("prod"))
    modes = [r["EventStream"]["Properties"]["StreamModeDetails"]["StreamMode"] for r in (dev, prod)]
    assert modes == ["PROVISIONED", "ON_DEMAND"]
    hours = [r["EventStream"]["Properties"]["RetentionPeriodHours"] for r in (dev, prod)]
    days = [r["ScorerLogGroup"]["Properties"]["RetentionInDays"] for r in (dev, prod)]
    assert hours == [24, 168]
    assert days[0] < days[1]
    for resources in (dev, prod):
        table = resources["PredictionsTable"]["Properties"]
        assert table["DeletionProtectionEnabled"] is True
        assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("schema", {"schema": "Telco"}, "2 to 20 lower-case letters"),
    ("python", {"python": "3.10"}, "3.11 or 3.12 or 3.13 or 3.14"),
    ("architecture", {"architecture": "sparc"}, "x86_64 or arm64"),
    ("artifact", {"artifact": "scorer.tar"}, "the path of a zip"),
    ("artifact", {"artifact": "missing.zip", "architecture": "arm64"}, "--python 3.13 --arch arm64"),
    ("memoryMegabytes", {"memoryMegabytes": 511}, "512 to 10240"),
    ("memoryMegabytes", {"memoryMegabytes": 10241}, "512 to 10240"),
    ("timeoutSeconds", {"timeoutSeconds": 19}, "20 to 900"),
    ("reservedConcurrency", {"reservedConcurrency": 0}, "1 to 100000, or -1 for no limit"),
    (
        "reservedConcurrency",
        {"reservedConcurrency": 5, "shards": 3, "parallelization": 2},
        "expected 6 at least",
    ),
    ("logLevel", {"logLevel": "TRACE"}, "DEBUG or INFO"),
    ("logRetentionDays", {"logRetentionDays": 2}, "1 or 3 or 5 or 7"),
    ("predictionDays", {"predictionDays": 0}, "1 to 3650"),
    ("predictionDays", {"predictionDays": 3651}, "1 to 3650"),
    ("predictionDays", {"predictionDays": 2, "retentionHours": 72}, "at least as long as retentionHours"),
    ("capacityMode", {"capacityMode": "AUTO"}, "PROVISIONED or ON_DEMAND"),
    ("shards", {"shards": 0}, "1 to 20000"),
    ("shards", {"shards": 8, "capacityMode": "ON_DEMAND"}, "AWS chooses their number"),
    ("retentionHours", {"retentionHours": 23}, "24 to 8760"),
    ("sourceEnabled", {"sourceEnabled": "no"}, "true or false"),
    ("enhancedFanOut", {"enhancedFanOut": "yes"}, "true or false"),
    ("startingPosition", {"startingPosition": "EARLIEST"}, "TRIM_HORIZON or LATEST or AT_TIMESTAMP"),
    ("startingTimestamp", {"startingPosition": "AT_TIMESTAMP"}, "Unix time in seconds"),
    ("startingTimestamp", {"startingTimestamp": NOW}, "TRIM_HORIZON ignores it"),
    (
        "startingTimestamp",
        {"startingPosition": "AT_TIMESTAMP", "startingTimestamp": 4_000_000_000},
        "not in the future",
    ),
    ("batchSize", {"batchSize": 0}, "1 to 10000"),
    ("batchSize", {"batchSize": 10001}, "1 to 10000"),
    ("batchSize", {"batchSize": "1e3"}, "1 to 10000"),
    ("windowSeconds", {"windowSeconds": 301}, "0 to 300"),
    ("windowSeconds", {"windowSeconds": "0.5"}, "0 to 300"),
    ("parallelization", {"parallelization": 11}, "1 to 10"),
    ("retryAttempts", {"retryAttempts": -2}, "0 to 10000, or -1"),
    ("retryAttempts", {"retryAttempts": -1, "recordAgeSeconds": -1}, "expire unread"),
    ("retryAttempts", {"retryAttempts": -1, "recordAgeSeconds": 604800}, "expire unread"),
    ("recordAgeSeconds", {"recordAgeSeconds": 59}, "60 to 604800, or -1"),
    ("recordAgeSeconds", {"recordAgeSeconds": 604801}, "60 to 604800, or -1"),
    ("recordAgeSeconds", {"recordAgeSeconds": 86401}, "at most the retention, 86400"),
    ("kmsKey", {"kmsKey": "alias/mine"}, "the ARN of a key"),
    ("kmsKey", {"kmsKey": KEY.replace("key/", "alias/")}, "the ARN of a key"),
    ("kmsKey", {"kmsKey": KEY.replace("us-east-1", "eu-west-1")}, "the stack's region, us-east-1"),
    ("rejectedDays", {"rejectedDays": 0}, "1 to 3650"),
    ("noncurrentDays", {"noncurrentDays": "ten"}, "1 to 3650"),
    ("deletionPolicy", {"deletionPolicy": "Retain"}, "RetainExceptOnCreate or Delete"),
    ("deletionProtection", {"deletionProtection": "on"}, "true or false"),
    ("deletionProtection", {"deletionPolicy": "Delete"}, "expected false with deletionPolicy Delete"),
    ("alarmEmail", {"alarmEmail": "ops at example.com"}, "empty, or an e-mail address"),
    ("alarmEmail", {"alarmEmail": "ops@localhost"}, "empty, or an e-mail address"),
    ("iteratorAgeAlarmMilliseconds", {"iteratorAgeAlarmMilliseconds": 999}, "1000 to 604800000"),
    ("iteratorAgeAlarmMilliseconds", {"iteratorAgeAlarmMilliseconds": 10_800_001}, "at most 10800000"),
    ("rejectedAlarmCount", {"rejectedAlarmCount": 0}, "1 to"),
    ("shard", {"shard": 8}, "there is no such parameter"),
]


@pytest.fixture(scope="module")
def said() -> list[str | None]:
    """What is said of all the cases above, asked at once."""
    return refusals([("dev", chosen) for _, chosen, _ in REFUSED])


@pytest.mark.parametrize("number", range(len(REFUSED)), ids=lambda number: f"{number}-{REFUSED[number][0]}")
def test_what_is_out_of_range_is_refused_in_one_line(said: list[str | None], number: int) -> None:
    """It names parameter and stage, what was found, what is expected and where to change it."""
    name, chosen, expected = REFUSED[number]
    line = said[number]
    assert line is not None
    assert "\n" not in line
    found = json.dumps(str(chosen[name])) if name in chosen else ""
    assert line.startswith(f"parameter {name} of stage dev is {found}")
    assert expected in line
    assert line.endswith(f'change it in infra/resources/parameters.yml or with --param "{name}=…"')


def test_what_only_one_stage_cannot_have_is_refused_there() -> None:
    """Consumers and reading on the embedded AWS, shards on demand, and a stage that nobody has named."""
    fan_out, source, shards, unknown = refusals(
        [
            ("local", {"enhancedFanOut": "true"}),
            ("local", {"sourceEnabled": "true"}),
            ("prod", {"shards": 4}),
            ("prdo", {}),
        ]
    )
    assert fan_out is not None
    assert "the embedded AWS has no stream consumers" in fan_out
    assert source is not None
    assert "the embedded AWS ignores failure settings" in source
    assert shards is not None
    assert "expected none with capacityMode ON_DEMAND" in shards
    assert unknown == (
        "stage prdo is none of local, dev, prod; to deploy another, add `prdo: {}` to "
        "infra/resources/parameters.yml"
    )
    schema, stage = "a-name-of-20-letters", "staging-of-alice"
    [long] = refusals([(stage, {"schema": schema})], more_stages=(stage,))
    assert long is not None
    assert "expected 17 characters at most, or a shorter stage: S3 takes no bucket name over 63" in long
    assert len(f"churn-{schema[:17]}-{stage}-123456789012-us-east-1") == 63


def test_what_is_fine_is_taken() -> None:
    """No limit on retries with one on the age, and the other way round; the edges of ranges; all at once."""
    fine: list[tuple[str, dict[str, object]]] = [
        *((stage, dict[str, object]()) for stage in ("local", "dev", "prod")),
        ("dev", {"retryAttempts": -1, "recordAgeSeconds": 43200}),
        ("dev", {"retryAttempts": 10000, "recordAgeSeconds": -1}),
        ("dev", {"retryAttempts": 0, "recordAgeSeconds": 86400}),
        ("dev", {"reservedConcurrency": 6, "shards": 3, "parallelization": 2}),
        ("dev", {"deletionPolicy": "Delete", "deletionProtection": "false"}),
        ("dev", {"kmsKey": KEY.rpartition("/")[0] + "/mrk-" + "0a" * 16}),
        ("prod", ALL_THAT_IS_OPTIONAL),
    ]
    assert refusals(fine) == [None] * len(fine)


def test_the_zip_that_the_parameters_name_must_be_there(tmp_path: Path) -> None:
    """By its name in full, with the Python and the architecture that were chosen."""
    there = tmp_path / "build" / "lambda" / "churn-py3.13-arm64.zip"
    there.parent.mkdir(parents=True)
    there.touch()
    found, missing = refusals([("dev", {"architecture": "arm64"}), ("dev", {})], directory=tmp_path)
    assert found is None
    assert missing is not None
    assert missing.startswith('parameter artifact of stage dev is "build/lambda/churn-py3.13-x86_64.zip":')
    assert "`python -m infra.build --python 3.13 --arch x86_64`" in missing


def test_a_deployment_is_checked_and_a_removal_is_not() -> None:
    """A stack whose parameters have become wrong can still be looked at and removed."""
    wrong: list[tuple[str, dict[str, object]]] = [("dev", {"shards": 0})]
    assert refusals(wrong, command="deploy") != [None]
    assert refusals(wrong, command="remove") == [None]


@pytest.mark.parametrize(
    "chosen", [{"memoryMegabytes": 64}, {"kmsKey": KEY.replace("us-east-1", "eu-west-1")}]
)
def test_osls_itself_stops_there(service: Service, tmp_path: Path, chosen: dict[str, object]) -> None:
    """Also before its own schema speaks; nothing is written."""
    done = service.package(tmp_path, "dev", **chosen)
    assert done.returncode != 0
    [line] = [line for line in (done.stdout + done.stderr).splitlines() if "parameter" in line]
    assert line == refusals([("dev", chosen)])[0]
    assert not (tmp_path / TEMPLATE).exists()
