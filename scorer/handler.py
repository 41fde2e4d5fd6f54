"""The Lambda's entry: wiring only. What happens to a batch is in scorer/batch.py."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from typing import Any, Protocol

import botocore.session
from aws_lambda_powertools.logging import Logger
from botocore.config import Config

from scorer.batch import BatchScorer, Outcome
from scorer.champion import ChampionWatcher, ModelStore
from scorer.dynamo import BatchWriter
from scorer.metrics import emit
from scorer.objects import S3Objects
from scorer.rejected import RejectedStore
from scorer.settings import Settings, read_settings
from scorer.table import WRITES_IN_FLIGHT, PredictionTable

CONNECT_SECONDS = 1.0
READ_SECONDS = 3.0
STORAGE_ATTEMPTS = 2
# Left of the invocation's time after the last write: that write and the rejected records may each time out.
RESERVE_SECONDS = (1 + STORAGE_ATTEMPTS) * (CONNECT_SECONDS + READ_SECONDS) + 2.0


class Context(Protocol):
    """What is used of the Lambda context."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


class Invocations:
    """Answers invocations: scores the batch, prints one EMF line whatever happens, reports what may heal."""

    def __init__(self, *, score: BatchScorer, champion: ChampionWatcher, log: Logger, service: str) -> None:
        self._score = score
        self._champion = champion
        self._log = log
        self._service = service

    def handle(self, event: dict[str, Any], context: Context) -> dict[str, Any]:
        """The answer Lambda expects with ReportBatchItemFailures."""
        raws = event["Records"]
        deadline = time.monotonic() + context.get_remaining_time_in_millis() / 1000 - RESERVE_SECONDS
        outcome = Outcome(received=len(raws), retried=len(raws))
        try:
            outcome = self._score(raws, deadline=deadline)
        finally:
            # Where scoring raised, the line says that all of the batch will come again.
            self._tell(outcome, context.aws_request_id)
        return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in outcome.retry]}

    def _tell(self, outcome: Outcome, request_id: str) -> None:
        news = self._champion.take_news()
        values = measures(outcome, loads=len(news.loaded), load_failures=len(news.failures))
        emit(self._service, values | self._age())
        for version in news.loaded:
            self._log.info("model loaded", version=version, request_id=request_id)
        for failure in news.failures:
            self._log.error("model not loaded", reason=failure, request_id=request_id)
        if outcome.rejected or outcome.retried:
            self._log.warning(
                "not all written",
                rejected=dict(outcome.rejected_kinds),
                retried=outcome.retried,
                trouble=outcome.trouble,
                request_id=request_id,
            )

    def _age(self) -> dict[str, list[float]]:
        model = self._champion.model
        return {"ModelAgeSeconds": [max(0.0, time.time() - model.trained_ms / 1000)]} if model else {}


def measures(outcome: Outcome, *, loads: int, load_failures: int) -> dict[str, Sequence[float]]:
    """An outcome as metric values, named as in METRIC_UNITS."""
    return {
        "EventsReceived": [outcome.received],
        "EventsWritten": [outcome.written],
        "EventsCollapsed": [outcome.collapsed],
        "EventsRejected": [outcome.rejected],
        "EventsRetried": [outcome.retried],
        "HighRisk": [outcome.high_risk],
        "UnseenCategories": [outcome.unseen_categories],
        "ScoreMillis": [] if outcome.score_ms is None else [outcome.score_ms],
        "WriteMillis": [] if outcome.write_ms is None else [outcome.write_ms],
        "EndToEndMillis": outcome.latencies_ms,
        "ModelLoads": [loads],
        "ModelLoadFailures": [load_failures],
    }


def build(settings: Settings) -> Invocations:
    """Everything wired for one deployment; no call is made yet."""
    session = botocore.session.get_session()
    s3: Any = session.create_client("s3", config=client_config(attempts=STORAGE_ATTEMPTS))
    # One attempt: the table retries itself, within the invocation's time.
    dynamo: Any = session.create_client("dynamodb", config=client_config(attempts=1))
    objects = S3Objects(s3, settings.bucket)
    champion = ChampionWatcher(ModelStore(objects, settings.schema))
    score = BatchScorer(
        champion=champion,
        table=PredictionTable(BatchWriter(dynamo, settings.table)),
        rejected=RejectedStore(objects, settings.schema),
        retention_days=settings.retention_days,
    )
    log = Logger(service=settings.service)
    return Invocations(score=score, champion=champion, log=log, service=settings.service)


def client_config(*, attempts: int) -> Config:
    """Short timeouts, for a shard waits behind every call; we build the requests, so none is validated."""
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=WRITES_IN_FLIGHT,
        parameter_validation=False,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )


@functools.cache
def _invocations() -> Invocations:
    return build(read_settings())


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Lambda's way in; built on the first invocation and kept for the life of the sandbox."""
    return _invocations().handle(event, context)
