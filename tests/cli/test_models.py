"""`churn models` as people type it: compare, report, show, and the news of a promotion."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from infra.local.stage import LocalStage
from producer.synthetic import customers
from tests.commands import Shell
from tests.training.registry.versions import Model
from training.registry.registry import Registry

pytestmark = pytest.mark.emulator

ONE_LINE = re.compile(r"\Achurn: [^\n]+\n\Z")


@pytest.fixture
def shell(local_aws: LocalStage, local_directory: Path, tmp_path: Path) -> Shell:
    """A shell whose local stage is the session's."""
    return Shell(tmp_path, local_directory)


@pytest.fixture(scope="module")
def versions(
    local_aws: LocalStage, local_directory: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, str]:
    """Two versions by the command line, on tables that share some rows; the first serves."""
    shell = Shell(tmp_path_factory.mktemp("train"), local_directory)
    first = shell.json("train --data synthetic:600 --promote always --candidates logistic_bins")
    second = shell.json("train --data synthetic:900 --promote never --candidates logistic --seed 1")
    return str(first["version"]), str(second["version"])


@pytest.fixture
def table(shell: Shell) -> str:
    """The name of a labelled table: the rows of the first version, and as many new ones."""
    rows = [*customers("telco", 600, seed=0), *customers("telco", 600, seed=5)]
    with (shell.directory / "customers.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return "customers.csv"


def test_two_versions_are_compared_side_by_side(versions: tuple[str, str], shell: Shell) -> None:
    """The one that serves is the second where none is named."""
    first, second = versions
    printed = shell.json(f"models compare {second}")
    assert (printed["first"], printed["second"], printed["trial"]) == (second, first, None)
    figures = {line["name"]: (line["first"], line["second"]) for line in printed["figures"]}
    assert figures["rows"] == (900, 600)
    assert {"roc_auc", "pr_auc", "brier", "ece", "threshold", "onnx_bytes"} <= figures.keys()
    assert "on different rows" in printed["warning"]
    shown = shell.run(f"models compare {second} {first}")
    assert shown.returncode == 0, shown.stderr
    assert {first, second} <= set(shown.stdout.splitlines()[0].split())
    assert " ± " in shown.stdout
    assert "on different rows" in shown.stderr


def test_on_a_table_both_are_judged_on_the_same_rows(
    versions: tuple[str, str], shell: Shell, table: str
) -> None:
    """Figures, decisions and the interval of the difference; who learned these rows is named."""
    first, second = versions
    trial = shell.json(f"models compare {first} {second} --data {table}")["trial"]
    assert trial["rows"] == 1200
    assert {"roc_auc", "pr_auc", "brier", "ece", "flagged", "learned"} <= trial["first"].keys()
    assert 0.45 < trial["first"]["learned"] < 0.6
    low, high = (trial["roc_auc_difference"][bound] for bound in ("low", "high"))
    assert low < trial["first"]["roc_auc"] - trial["second"]["roc_auc"] < high
    assert trial["warnings"][0].startswith(f"{first} was trained on 5")
    shown = shell.run(f"models compare {first} {second} --data {table}")
    assert shown.returncode == 0, shown.stderr
    assert "flagged by both" in shown.stdout
    assert "which flatters it" in shown.stderr


def test_the_report_that_was_published_is_written(versions: tuple[str, str], shell: Shell) -> None:
    """Under the version's name, or where one says."""
    first, _ = versions
    assert shell.run(f"models report {first}").stderr == f"wrote {first}.html\n"
    assert shell.run(f"models report {first} -o page.html").returncode == 0
    pages = [(shell.directory / name).read_text() for name in (f"{first}.html", "page.html")]
    assert pages[0] == pages[1]
    assert first in pages[0]


def test_a_version_without_a_report_says_so(
    versions: tuple[str, str], shell: Shell, local_aws: LocalStage
) -> None:
    """As one that was published from Python without one."""
    registry = Registry(boto3.client("s3", **local_aws.client_arguments()), local_aws.bucket, "telco")
    manifest = msgspec.structs.replace(registry.manifest(versions[0]), version="bare")
    registry.publish(Model(registry.model(versions[0]), manifest))
    done = shell.run("models report bare")
    assert done.returncode == 1
    assert done.stderr.startswith("churn: model bare: published without a report;")


def test_show_tells_how_a_version_was_made(versions: tuple[str, str], shell: Shell) -> None:
    """Recipe, validation and the rule of its threshold."""
    shown = shell.run(f"models show {versions[0]}").stdout
    manifest = shell.json(f"models show {versions[0]}")
    assert manifest["recipe"]["candidate"] == manifest["chosen"]
    assert manifest["validation"] in shown
    assert manifest["threshold_rule"] in shown


def test_a_promotion_and_a_rollback_are_news_and_a_repetition_is_not(
    versions: tuple[str, str], shell: Shell, local_aws: LocalStage
) -> None:
    """Whoever subscribed hears of each change once."""
    arguments = local_aws.client_arguments()
    sns, sqs = boto3.client("sns", **arguments), boto3.client("sqs", **arguments)
    queue = sqs.create_queue(QueueName="news-of-models")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscribed = sns.subscribe(TopicArn=local_aws.topic, Protocol="sqs", Endpoint=arn)
    first, second = versions
    for command in (f"promote {second}", f"promote {second}", "rollback"):
        done = shell.run(f"models {command} --reason because")
        assert (done.returncode, "nobody was notified" in done.stderr) == (0, False), done.stderr
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
    news: list[dict[str, Any]] = [json.loads(each["Body"]) for each in answer["Messages"]]
    told = [
        (n["MessageAttributes"]["event"]["Value"], n["MessageAttributes"]["version"]["Value"]) for n in news
    ]
    assert sorted(told) == [("promoted", second), ("rolled_back", first)]
    assert all("Why: because" in each["Message"] for each in news)
    sqs.delete_queue(QueueUrl=queue)


def test_status_gives_the_topic_to_subscribe_to(local_aws: LocalStage, shell: Shell) -> None:
    """As an ARN."""
    assert shell.json("local status")["topic"] == local_aws.topic
    assert local_aws.topic.startswith("arn:aws:sns:")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("models compare v0", "no such version of telco"),
        ("models report v0", "no such version of telco"),
        ("models compare {first} {second} --data missing.csv", "missing.csv"),
        ("models report {first} -o nowhere/page.html", "nowhere/page.html"),
    ],
)
def test_a_mistake_is_one_clear_line(
    command: str, says: str, versions: tuple[str, str], shell: Shell
) -> None:
    """Exit code 1, one line, nothing on stdout."""
    done = shell.run(command.format(first=versions[0], second=versions[1]))
    assert done.returncode == 1
    assert ONE_LINE.match(done.stderr), done.stderr
    assert says in done.stderr
    assert done.stdout == ""
