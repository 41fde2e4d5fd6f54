"""The queue that listens in is made whole or not at all, and hears alarms only."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from infra.alarms.mailbox import Audience, audience_of, notice_of, open_mailbox

TOPICS = ["arn:aws:sns:us-east-1:000000000000:s-alarms", "arn:aws:sns:us-east-1:000000000000:s-page"]
ENDPOINT = "arn:aws:sqs:us-east-1:000000000000:s-alarm-test"


class NoQueueError(Exception):
    """What SQS says of a queue that is not there."""


class FakeQueues:
    """SQS, as far as a mailbox needs it; `interrupted` once it has heard the request."""

    exceptions = SimpleNamespace(QueueDoesNotExist=NoQueueError)

    def __init__(self, *, interrupted: bool = False) -> None:
        self.queues: set[str] = set()
        self.policy: dict[str, Any] = {}
        self.interrupted = interrupted

    def create_queue(self, *, QueueName: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self.queues.add(QueueName)
        if self.interrupted:
            raise KeyboardInterrupt
        return {"QueueUrl": QueueName}

    def get_queue_url(self, *, QueueName: str) -> dict[str, str]:  # noqa: N803
        if QueueName not in self.queues:
            raise NoQueueError
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": ENDPOINT}}

    def set_queue_attributes(self, *, Attributes: dict[str, str], **_: Any) -> None:  # noqa: N803
        self.policy = json.loads(Attributes["Policy"])

    def delete_queue(self, *, QueueUrl: str) -> None:  # noqa: N803
        self.queues.remove(QueueUrl)


class FakeTopics:
    """SNS, as far as a mailbox needs it; somebody else is subscribed to every topic."""

    def __init__(
        self, *, refuses: str = "", stuck: str = "", interrupted: str = "", listed: tuple[str, ...] = ()
    ) -> None:
        self.subscribed: set[str] = set()
        self.refuses, self.stuck, self.interrupted, self.listed = refuses, stuck, interrupted, listed

    def subscribe(self, *, TopicArn: str, Endpoint: str, **_: Any) -> dict[str, str]:  # noqa: N803
        if TopicArn == self.refuses:
            raise PermissionError("AuthorizationError")
        assert Endpoint == ENDPOINT
        self.subscribed.add(TopicArn)
        if TopicArn == self.interrupted:
            raise KeyboardInterrupt
        return {"SubscriptionArn": TopicArn}

    def unsubscribe(self, *, SubscriptionArn: str) -> None:  # noqa: N803
        if SubscriptionArn == self.stuck:
            raise ConnectionError("SNS is away")
        self.subscribed.remove(SubscriptionArn)  # which fails for that of somebody else

    def get_paginator(self, _name: str) -> FakeTopics:
        return self

    def paginate(self, *, TopicArn: str) -> list[dict[str, Any]]:  # noqa: N803
        others = [
            {"SubscriptionArn": arn, "Endpoint": "a@example.com"} for arn in self.listed or ("arn:other",)
        ]
        own = [{"SubscriptionArn": TopicArn, "Endpoint": ENDPOINT}] if TopicArn in self.subscribed else []
        return [{"Subscriptions": [each]} for each in [*others, *own]]


def opened(sqs: FakeQueues, sns: FakeTopics, slept: list[float] | None = None) -> Any:
    waits: list[float] = [] if slept is None else slept
    return open_mailbox(
        sqs,  # type: ignore[arg-type]
        sns,  # type: ignore[arg-type]
        TOPICS,
        name="s-alarm-test",
        settle_seconds=5,
        sleep=waits.append,
    )


def test_it_hears_these_topics_and_lets_nobody_else_in() -> None:
    """While it is open; afterwards there is nothing. New subscriptions are given time to take effect."""
    sqs, sns, slept = FakeQueues(), FakeTopics(), list[float]()
    with opened(sqs, sns, slept):
        assert sns.subscribed == set(TOPICS)
        assert len(sqs.queues) == 1
        (statement,) = sqs.policy["Statement"]
        assert statement["Principal"] == {"Service": "sns.amazonaws.com"}
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": TOPICS}}
    assert slept == [5]
    assert (sqs.queues, sns.subscribed) == (set(), set())


def test_where_a_topic_refuses_nothing_is_left_behind() -> None:
    """The queue and the first subscription, which were there already, are gone."""
    sqs, sns = FakeQueues(), FakeTopics(refuses=TOPICS[1])
    with pytest.raises(PermissionError), opened(sqs, sns):
        pytest.fail("it opened")
    assert (sqs.queues, sns.subscribed) == (set(), set())


@pytest.mark.parametrize("at", ["queue", *TOPICS])
def test_what_is_interrupted_half_way_is_undone(at: str) -> None:
    """SQS or SNS has done what it was asked, and the answer never came: that is taken back too."""
    sqs, sns = FakeQueues(interrupted=at == "queue"), FakeTopics(interrupted=at)
    with pytest.raises(KeyboardInterrupt), opened(sqs, sns):
        pytest.fail("it opened")
    assert (sqs.queues, sns.subscribed) == (set(), set())


def test_what_cannot_be_removed_keeps_nothing_else() -> None:
    """One subscription sticks, and that is said; the other and the queue are gone."""
    sqs, sns = FakeQueues(), FakeTopics(stuck=TOPICS[1])
    with pytest.raises(ConnectionError), opened(sqs, sns):
        pass
    assert (sqs.queues, sns.subscribed) == (set(), {TOPICS[1]})


@pytest.mark.parametrize("body", ["", "{}", '{"Message": "hello"}', '{"Message": "[]"}', '{"Message": null}'])
def test_what_is_no_alarms_message_is_passed_over(body: str) -> None:
    """Anybody may publish anything to a topic."""
    assert notice_of(body) is None


def test_who_never_confirmed_hears_nothing() -> None:
    """SNS lists such an address with a word instead of an ARN; one that left is no listener either."""
    sns = FakeTopics(listed=("PendingConfirmation", "arn:aws:sns:us-east-1:000000000000:t:1", "Deleted"))
    assert audience_of(sns, "t") == Audience("t", confirmed=1, pending=1)  # type: ignore[arg-type]
