"""People are told what happened to a model and what they can do; where that fails, training does not."""

from __future__ import annotations

import json
from typing import Any

import boto3
import msgspec
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contract.manifest import Manifest, Spread
from infra.local.stage import LocalStage
from tests.training.registry.duels import manifest_of
from tests.training.registry.fake_sns import FakeSns
from training.registry.notify import Event, Notice, notify

WHY = "not separably better: ROC AUC 0.8502 against 0.8498 of v1, t = 0.4 (7,043 rows)"


def manifest(**changes: Any) -> Manifest:
    metrics = {"roc_auc": Spread(mean=0.85, std=0.012), "brier": Spread(mean=0.133, std=0.004)}
    return msgspec.structs.replace(manifest_of(b"", "v2"), metrics=metrics, chosen="logistic_bins", **changes)


def notice(event: Event, **changes: Any) -> Notice:
    given = {"manifest": manifest(), "stack": "churn-telco-prod", "reason": WHY, "by": "ada", "serving": "v1"}
    return Notice(event, **{**given, "options": " --stage prod --schema telco", **changes})


def test_a_kept_candidate_comes_with_its_figures_and_the_command_to_promote_it() -> None:
    """Which model, why it was kept, what serves, what to type."""
    sns = FakeSns()
    assert notify(sns, "arn:topic", notice("kept")) == ""
    (sent,) = sns.sent
    assert sent["TopicArn"] == "arn:topic"
    assert sent["Subject"] == "churn-telco-prod: model v2 kept as a candidate"
    assert sent["Message"].splitlines() == [
        "ada trained model v2 (logistic_bins) of churn-telco-prod. It does not serve; v1 still does.",
        "",
        f"Why: {WHY}",
        "",
        "Out of fold: ROC AUC 0.8500 ± 0.0120, Brier 0.1330 ± 0.0040; ECE 0.0000",
        "Trained on: 100 rows, 50 of them churned",
        "",
        "To compare:    churn models compare v2 --stage prod --schema telco",
        "To promote it: churn models promote v2 --stage prod --schema telco",
    ]
    attributes = {name: each["StringValue"] for name, each in sent["MessageAttributes"].items()}
    assert attributes == {"schema": "duel", "version": "v2", "event": "kept"}


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            "promoted",
            "ada promoted model v2 (logistic_bins) of churn-telco-prod. It serves now; before it v1 did.",
        ),
        (
            "rolled_back",
            "ada rolled back to model v2 (logistic_bins) of churn-telco-prod. It serves again",
        ),
    ],
)
def test_a_promotion_and_a_rollback_say_how_to_undo_them(event: Event, told: str) -> None:
    """The same words as the command line."""
    text = notice(event).text
    assert told in text
    assert "To undo this:  churn models rollback --stage prod --schema telco" in text


def test_the_first_model_replaces_nothing() -> None:
    """No predecessor, and nothing to go back to."""
    text = notice("promoted", serving=None).text
    assert "before it nothing did" in text
    assert "rollback" not in text


def test_a_subject_is_cut_to_what_sns_takes() -> None:
    """Whatever a version is called."""
    sns = FakeSns()
    assert notify(sns, "arn:topic", notice("kept", manifest=manifest(version="é\n" * 90))) == ""


@pytest.mark.parametrize(
    "refusal",
    [
        ClientError({"Error": {"Code": "NotFound", "Message": "Topic does not\nexist"}}, "Publish"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:9"),
    ],
)
def test_a_refusal_is_one_line_and_no_error(refusal: Exception) -> None:
    """The model is what it is, told or not."""
    problem = notify(FakeSns(refusal), "arn:topic", notice("kept"))
    assert problem.startswith("nobody was notified (")
    assert problem.endswith("v2 is not affected")
    assert "\n" not in problem


@pytest.mark.emulator
def test_a_queue_that_subscribed_gets_it_and_may_choose_by_event(local_aws: LocalStage) -> None:
    """Through the deployed topic: the text, its subject and attributes; a filter leaves promotions out."""
    arguments = local_aws.client_arguments()
    sns, sqs = boto3.client("sns", **arguments), boto3.client("sqs", **arguments)
    queue = sqs.create_queue(QueueName="kept-models")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    chosen = {"FilterPolicy": json.dumps({"event": ["kept"]})}
    sns.subscribe(TopicArn=local_aws.topic, Protocol="sqs", Endpoint=arn, Attributes=chosen)
    for event in ("promoted", "kept"):
        assert notify(sns, local_aws.topic, notice(event)) == ""
    answer = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=2, MaxNumberOfMessages=10)
    (message,) = (json.loads(each["Body"]) for each in answer["Messages"])
    assert message["Message"] == notice("kept").text
    assert message["Subject"] == notice("kept").subject
    assert message["MessageAttributes"]["event"]["Value"] == "kept"
    sqs.delete_queue(QueueUrl=queue)


@pytest.mark.emulator
def test_a_topic_that_is_gone_is_a_note(local_aws: LocalStage) -> None:
    """As after somebody has deleted it."""
    sns = boto3.client("sns", **local_aws.client_arguments())
    assert "NotFound" in notify(sns, f"{local_aws.topic}-gone", notice("kept"))
