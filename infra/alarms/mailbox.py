"""A queue that hears for a while what alarms tell their topics, and leaves nothing behind."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import SubscriptionTypeDef
    from mypy_boto3_sqs import SQSClient

MAX_MESSAGES_PER_RECEIVE = 10  # ReceiveMessage limit
PENDING = "PendingConfirmation"  # in place of a subscription's ARN
RETENTION_SECONDS = "300"  # of a queue that a killed process left behind


@dataclass(frozen=True, slots=True)
class Notice:
    """What an alarm told: its full name and the state it went into."""

    alarm: str
    state: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Receives what the topics publish while `open_mailbox` holds it open."""

    sqs: "SQSClient"
    url: str

    def receive(self, wait_seconds: int) -> list[Notice]:
        """Take what has arrived; waits up to `wait_seconds` (0 to 20) where nothing has."""
        answer = self.sqs.receive_message(
            QueueUrl=self.url, MaxNumberOfMessages=MAX_MESSAGES_PER_RECEIVE, WaitTimeSeconds=wait_seconds
        )
        messages = answer.get("Messages", [])
        if messages:
            handles = [{"Id": str(n), "ReceiptHandle": m["ReceiptHandle"]} for n, m in enumerate(messages)]
            self.sqs.delete_message_batch(QueueUrl=self.url, Entries=handles)  # type: ignore[arg-type]
        return [notice for message in messages if (notice := notice_of(message["Body"]))]


def notice_of(body: str) -> Notice | None:
    """The alarm's own message inside what SNS puts into a queue; None for a message of anything else."""
    try:
        told = json.loads(json.loads(body)["Message"])
        return Notice(told["AlarmName"], told["NewStateValue"])
    except (ValueError, KeyError, TypeError):
        return None


@contextmanager
def open_mailbox(
    sqs: "SQSClient",
    sns: "SNSClient",
    topics: Sequence[str],
    *,
    name: str,
    settle_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[Mailbox]:
    """A new queue subscribed to `topics`; queue and subscriptions are removed however the block ends.

    Waits `settle_seconds` first: on AWS a new subscription may miss what is published at once.
    """
    with ExitStack() as undo:
        # Each is noted before it is made: a call that is interrupted may have been heard all the same.
        queue = f"{name}-{uuid.uuid4().hex[:12]}"
        undo.callback(_delete_queue, sqs, queue)
        made = sqs.create_queue(QueueName=queue, Attributes={"MessageRetentionPeriod": RETENTION_SECONDS})
        url = made["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(_may_send(arn, topics))})
        for topic in topics:
            undo.callback(_unsubscribe, sns, topic, arn)
            sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
        if settle_seconds:
            sleep(settle_seconds)
        yield Mailbox(sqs, url)


def _delete_queue(sqs: "SQSClient", name: str) -> None:
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        return
    sqs.delete_queue(QueueUrl=url)


def _unsubscribe(sns: "SNSClient", topic: str, endpoint: str) -> None:
    for each in _subscriptions(sns, topic):
        if each["Endpoint"] == endpoint:
            sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])


def _subscriptions(sns: "SNSClient", topic: str) -> "list[SubscriptionTypeDef]":
    pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [each for page in pages for each in page["Subscriptions"]]


def _may_send(queue: str, topics: Sequence[str]) -> dict[str, object]:
    """The queue's policy: these topics may send, nobody else."""
    statement = {
        "Sid": "AlarmTopics",
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": list(topics)}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


@dataclass(frozen=True, slots=True)
class Audience:
    """Who else hears of a topic: subscriptions that work, and those nobody has confirmed."""

    topic: str
    confirmed: int
    pending: int


def audience_of(sns: "SNSClient", topic: str) -> Audience:
    """Count a topic's subscriptions."""
    arns = [each["SubscriptionArn"] for each in _subscriptions(sns, topic)]
    return Audience(topic, sum(arn.startswith("arn:") for arn in arns), arns.count(PENDING))
