"""The queue that listens in is made whole or not at all, and hears alarms only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.alarms.mailbox import Audience, audience_of, notice_of, open_mailbox

TOPICS = ["arn:aws:sns:us-east-1:000000000000:s-alarms", "arn:aws:sns:us-east-1:000000000000:s-page"]


class FakeQueues:
    """SQS, as far as a mailbox needs it."""

    def __init__(self) -> None:
        self.queues: set[str] = set()
        self.policy: dict[str, Any] = {}

    def create_queue(self, *, QueueName: str, **_: Any) -> dict[str, str]:  # noqa: N803
        self.queues.add(QueueName)
        return {"QueueUrl": QueueName}

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"QueueArn": "arn:queue"}}

    def set_queue_attributes(self, *, Attributes: dict[str, str], **_: Any) -> None:  # noqa: N803
        self.policy = json.loads(Attributes["Policy"])

    def delete_queue(self, *, QueueUrl: str) -> None:  # noqa: N803
        self.queues.remove(QueueUrl)


class FakeTopics:
    """SNS, as far as a mailbox needs it."""

    def __init__(self, *, refuses: str = "", stuck: str = "", listed: tuple[str, ...] = ()) -> None:
        self.subscribed: set[str] = set()
        self.refuses, self.stuck, self.listed = refuses, stuck, listed

    def subscribe(self, *, TopicArn: str, **_: Any) -> dict[str, str]:  # noqa: N803
        if TopicArn == self.refuses:
            raise PermissionError("AuthorizationError")
        self.subscribed.add(TopicArn)
        return {"SubscriptionArn": TopicArn}

    def unsubscribe(self, *, SubscriptionArn: str) -> None:  # noqa: N803
        if SubscriptionArn == self.stuck:
            raise ConnectionError("SNS is away")
        self.subscribed.remove(SubscriptionArn)

    def get_paginator(self, _name: str) -> FakeTopics:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Subscriptions": [{"SubscriptionArn": arn}]} for arn in self.listed]


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
