"""Smoke tests of a deployed stack, and of one in which a single thing is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from loadtest.smoke import Report, Stack, smoke
from producer.publisher import Publisher
from scorer.champion import ModelStore
from scorer.objects import S3Objects
from scorer.rejected import RejectedStore
from tests.e2e.paths import Path

PATIENCE_SECONDS = 30.0
IMPATIENCE_SECONDS = 0.7
SOME_PATIENCE_SECONDS = 4.0  # for what comes on a busy machine too


def run(
    stack: Stack, *, seconds: float = PATIENCE_SECONDS, metrics_seconds: float = PATIENCE_SECONDS
) -> Report:
    """One smoke test that waits this long for each score, and for the metrics."""
    return smoke(
        stack, within_seconds=seconds, metrics_within_seconds=metrics_seconds, say=lambda _line: None
    )


@contextmanager
def stack_of(served: Path) -> Iterator[Stack]:
    """The stack as `churn smoke` sees it."""
    objects = S3Objects(served.client("s3"), served.stage.bucket)
    with Publisher(served.client("kinesis"), served.stage.stream) as publisher:
        yield Stack(
            deployment=served.deployment(),
            publisher=publisher,
            kinesis=served.client("kinesis"),
            stream=served.stage.stream,
            models=ModelStore(objects, served.schema.name),
        )


@contextmanager
def unread_stream(served: Path, stack: Stack) -> Iterator[Stack]:
    """Events go to a stream that nobody reads, as where the mapping is disabled."""
    kinesis, name = served.client("kinesis"), "unread"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    with Publisher(kinesis, name) as publisher:
        yield replace(stack, publisher=publisher, stream=name)


def without_rejections(served: Path, stack: Stack) -> Stack:
    """What was rejected is looked for where nothing is."""
    store = RejectedStore(S3Objects(served.client("s3"), served.stage.bucket), "elsewhere")
    return replace(stack, deployment=replace(stack.deployment, rejected=store))


def without_metrics(stack: Stack) -> Stack:
    """The metrics of a service that emits none."""
    return replace(stack, deployment=replace(stack.deployment, service="churn-silent-dev"))


class OtherModel:
    """A registry whose serving version gives other probabilities than the deployed function's."""

    def __init__(self, models: ModelStore) -> None:
        self._models = models

    def pointer(self, etag: str = "") -> Any:
        """That of the real registry."""
        return self._models.pointer(etag)

    def load(self, version: str) -> Any:
        """The real version, a tenth more pessimistic."""
        model = self._models.load(version)
        real = model.score
        model.score = lambda rows: replace(  # type: ignore[method-assign]
            real(rows), probabilities=[p + 0.1 for p in real(rows).probabilities]
        )
        return model


def versions_that_ran(served: Path) -> set[str]:
    """Of the function, as its log streams are named."""
    group = f"/aws/lambda/{served.stage.function}"
    streams = served.client("logs").describe_log_streams(logGroupName=group)["logStreams"]
    return {re.sub(r".*(\[.*\]).*", r"\1", stream["logStreamName"]) for stream in streams}
