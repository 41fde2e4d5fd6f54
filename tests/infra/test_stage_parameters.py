"""What may be chosen per stage, and what is refused before anything is deployed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.paths import PROJECT
from tests.infra.rendering import TEMPLATE, Service, lint, statements_of

NOW = 1_795_000_000  # Unix seconds, in the past


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(tmp_path_factory.mktemp("service"))


@pytest.mark.parametrize("fan_out", ["true", "false"])
@pytest.mark.parametrize("mode", ["PROVISIONED", "ON_DEMAND"])
def test_cfn_lint_finds_nothing_whatever_is_chosen(
    service: Service, tmp_path: Path, fan_out: str, mode: str
) -> None:
    """Enhanced fan-out on and off, shards counted or on demand, starting at a time."""
    chosen = {"enhancedFanOut": fan_out, "capacityMode": mode}
    service.template(tmp_path, "prod", **chosen, startingPosition="AT_TIMESTAMP", startingTimestamp=NOW)
    assert lint(tmp_path / TEMPLATE) == ""


def chosen_branch(template: dict[str, Any], value: Any) -> Any:
    """What CloudFormation makes of an Fn::If: its conditions compare constants."""
    name, yes, no = value["Fn::If"]
    left, right = template["Conditions"][name]["Fn::Equals"]
    return yes if str(left) == str(right) else no


@pytest.mark.parametrize("fan_out", [True, False])
def test_enhanced_fan_out_reads_through_a_consumer(service: Service, tmp_path: Path, fan_out: bool) -> None:
    """On: the mapping reads the consumer, and the role may subscribe to it alone. Off: nothing of that."""
    template = service.template(tmp_path, "prod", enhancedFanOut=str(fan_out).lower())
    resources = template["Resources"]
    consumer, stream = (
        {"Fn::GetAtt": ["StreamConsumer", "ConsumerARN"]},
        {"Fn::GetAtt": ["EventStream", "Arn"]},
    )
    source = resources["EventSource"]["Properties"]["EventSourceArn"]
    assert chosen_branch(template, source) == (consumer if fan_out else stream)
    assert resources["StreamConsumer"]["Condition"] == "EnhancedFanOut"
    statements = resources["ScorerRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (conditional,) = (statement for statement in statements if "Fn::If" in statement)
    granted = chosen_branch(template, conditional)
    if fan_out:
        assert granted["Action"] == ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"]
        assert granted["Resource"] == consumer
    else:
        assert granted == {"Ref": "AWS::NoValue"}
    subscribing = [s for s in statements_of(resources) if "kinesis:SubscribeToShard" in s["Action"]]
    assert subscribing == [conditional["Fn::If"][1]]


def test_the_mapping_takes_what_the_stage_says(service: Service, tmp_path: Path) -> None:
    """Batch size, window, parallelization, and where to start."""
    chosen = {"batchSize": 10000, "windowSeconds": 300, "parallelization": 10}
    template = service.template(
        tmp_path, "dev", **chosen, startingPosition="AT_TIMESTAMP", startingTimestamp=NOW
    )
    mapping = template["Resources"]["EventSource"]["Properties"]
    limits = ("BatchSize", "MaximumBatchingWindowInSeconds", "ParallelizationFactor")
    assert [int(mapping[name]) for name in limits] == [10000, 300, 10]
    assert mapping["StartingPosition"] == "AT_TIMESTAMP"
    assert chosen_branch(template, mapping["StartingPositionTimestamp"]) == str(NOW)
    latest = service.template(tmp_path, "dev", startingPosition="LATEST")
    start = latest["Resources"]["EventSource"]["Properties"]["StartingPositionTimestamp"]
    assert chosen_branch(latest, start) == {"Ref": "AWS::NoValue"}


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("batchSize", {"batchSize": 0}, "1 to 10000"),
    ("batchSize", {"batchSize": 10001}, "1 to 10000"),
    ("batchSize", {"batchSize": "1e3"}, "1 to 10000"),
    ("windowSeconds", {"windowSeconds": 301}, "0 to 300"),
    ("windowSeconds", {"windowSeconds": "0.5"}, "0 to 300"),
    ("parallelization", {"parallelization": 11}, "1 to 10"),
    ("retryAttempts", {"retryAttempts": -2}, "-1 to 10000"),
    ("recordAgeSeconds", {"recordAgeSeconds": 59}, "60 to 604800, or -1"),
    ("recordAgeSeconds", {"recordAgeSeconds": 604801}, "60 to 604800, or -1"),
    ("timeoutSeconds", {"timeoutSeconds": 19}, "20 to 900"),
    ("retentionHours", {"retentionHours": 23}, "24 to 8760"),
    ("shards", {"shards": 0}, "1 to"),
    ("enhancedFanOut", {"enhancedFanOut": "yes"}, "false or true"),
    ("startingPosition", {"startingPosition": "EARLIEST"}, "TRIM_HORIZON or LATEST or AT_TIMESTAMP"),
    ("startingTimestamp", {"startingPosition": "AT_TIMESTAMP"}, "Unix time in seconds"),
    ("startingTimestamp", {"startingTimestamp": NOW}, "TRIM_HORIZON ignores it"),
    (
        "startingTimestamp",
        {"startingPosition": "AT_TIMESTAMP", "startingTimestamp": 4_000_000_000},
        "not in the future",
    ),
    ("retryAttempts", {"retryAttempts": -1, "recordAgeSeconds": -1}, "expire unread"),
    ("retryAttempts", {"retryAttempts": -1, "recordAgeSeconds": 604800}, "expire unread"),
    ("capacityMode", {"capacityMode": "AUTO"}, "PROVISIONED or ON_DEMAND"),
]


@pytest.mark.parametrize(("name", "chosen", "expected"), REFUSED)
def test_what_is_out_of_range_is_refused_in_one_line(
    service: Service, tmp_path: Path, name: str, chosen: dict[str, object], expected: str
) -> None:
    """Plain `osls package` fails; the line names parameter and stage, what was found and what is expected."""
    done = service.package(tmp_path, "dev", **chosen)
    assert done.returncode != 0
    (line,) = (line for line in (done.stdout + done.stderr).splitlines() if "parameter" in line)
    assert line.startswith(f"parameter {name} of stage dev is ")
    assert expected in line
    assert not (tmp_path / TEMPLATE).exists()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"memoryMegabytes": 64}, "memorySize': must be >= 128"),
        ({"architecture": "sparc"}, "allowed values [arm64, x86_64]"),
        ({"logRetentionDays": 2}, "logRetentionInDays': must be equal to one of the allowed values"),
    ],
)
def test_what_osls_knows_is_refused_by_osls(
    service: Service, tmp_path: Path, chosen: dict[str, object], expected: str
) -> None:
    """Memory, architecture and log retention are in its own schema, which refuses and does not only warn."""
    done = service.package(tmp_path, "dev", **chosen)
    assert done.returncode != 0
    assert expected in done.stdout + done.stderr


def test_the_embedded_aws_has_no_enhanced_fan_out(service: Service, tmp_path: Path) -> None:
    """A consumer would make the emulator refuse the whole stack."""
    done = service.package(tmp_path, "local", enhancedFanOut="true")
    assert "the embedded AWS has no stream consumers" in done.stdout + done.stderr
    assert done.returncode != 0


def test_limits_that_never_let_a_record_expire_unread_are_taken(service: Service, tmp_path: Path) -> None:
    """No limit on retries is fine when the age has one below the retention, and the other way round."""
    service.template(tmp_path / "age", "dev", retryAttempts=-1, recordAgeSeconds=43200)
    service.template(tmp_path / "retries", "dev", retryAttempts=10000, recordAgeSeconds=-1)


def test_a_number_that_aws_bounds_has_a_limit() -> None:
    """Every number of the stream and of the mapping in parameters.yml is known to limits.js."""
    folder = PROJECT / "infra" / "resources"
    defaults = yaml.safe_load((folder / "parameters.yml").read_text())["default"]
    used = "".join((folder / name).read_text() for name in ("stream.yml", "event_source.yml"))
    numbers = {name for name in re.findall(r"\$\{param:(\w+)\}", used) if type(defaults[name]) is int}
    assert len(numbers) >= 8
    known = re.findall(r"^  (\w+): \[", (folder / "limits.js").read_text(), re.MULTILINE)
    assert numbers <= set(known)
