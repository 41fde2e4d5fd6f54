"""The Lambda's entry: wiring only. What happens to a batch is in scorer/batch.py."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aws_lambda_powertools.logging import Logger

from contract.rejection import Rejection
from scorer.aws.credentials import Credentials
from scorer.aws.endpoints import read_endpoints
from scorer.aws.signed_http import SignedHttp, Tls
from scorer.batch import BatchScorer
from scorer.bucket import Bucket
from scorer.champion import ChampionWatcher, ModelStore
from scorer.dynamo import BatchWriter
from scorer.metrics import REJECTED_METRICS, emit
from scorer.outcome import Outcome
from scorer.rejected import RejectedWriter
from scorer.settings import Settings, read_settings
from scorer.table import WRITES_IN_FLIGHT, PredictionTable
from scorer.time_budget import TimeBudget


class Context(Protocol):
    """What is used of the Lambda context."""

    aws_request_id: str

    def get_remaining_time_in_millis(self) -> int: ...


class Invocations:
    """Answers invocations: scores the batch, prints one EMF line whatever happens, reports what may heal."""

    def __init__(
        self,
        *,
        score: BatchScorer,
        champion: ChampionWatcher,
        log: Logger,
        service: str,
        budget: TimeBudget,
    ) -> None:
        self._score = score
        self._budget = budget
        self._champion = champion
        self._log = log
        self._service = service

    def handle(self, event: dict[str, Any], context: Context) -> dict[str, Any]:
        """The answer Lambda expects with ReportBatchItemFailures."""
        raws = event["Records"]
        outcome = Outcome(received=len(raws), retried=len(raws))
        try:
            self._budget.begin(context.get_remaining_time_in_millis() / 1000)
            outcome = self._score(raws, deadline=self._budget.writing_until)
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
        "MediumRisk": [outcome.medium_risk],
        "HighRisk": [outcome.high_risk],
        "ProbabilitySum": [outcome.probability_sum],
        "UnseenCategories": [outcome.unseen_categories],
        "ScoreMillis": [] if outcome.score_ms is None else [outcome.score_ms],
        "WriteMillis": [] if outcome.write_ms is None else [outcome.write_ms],
        "EndToEndMillis": outcome.latencies_ms,
        "ModelLoads": [loads],
        "ModelLoadFailures": [load_failures],
        **{REJECTED_METRICS[Rejection(kind)]: [count] for kind, count in outcome.rejected_kinds.items()},
    }


def build(settings: Settings, variables: Mapping[str, str] = os.environ) -> Invocations:
    """Everything wired for one deployment; no call is made yet. Raises SettingsError."""
    endpoints = read_endpoints(variables)
    budget = TimeBudget()
    service = functools.partial(
        SignedHttp,
        region=endpoints.region,
        credentials=Credentials(variables),
        tls=Tls(endpoints.ca_bundle),
    )
    s3 = service("s3", endpoints.bucket(settings.bucket), ends=lambda: budget.ends)
    dynamo = service(
        "dynamodb", endpoints.dynamodb, ends=lambda: budget.writes_end, connections=WRITES_IN_FLIGHT
    )
    bucket = Bucket(s3, settings.bucket, ends=lambda: budget.ends)
    champion = ChampionWatcher(ModelStore(bucket, settings.schema))
    score = BatchScorer(
        champion=champion,
        table=PredictionTable(BatchWriter(dynamo, settings.table)),
        rejected=RejectedWriter(bucket, settings.schema),
        retention_days=settings.retention_days,
    )
    log = Logger(service=settings.service)
    return Invocations(score=score, champion=champion, log=log, service=settings.service, budget=budget)


@functools.cache
def _invocations() -> Invocations:
    return build(read_settings())


def handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Lambda's way in; built on the first invocation and kept for the life of the sandbox."""
    return _invocations().handle(event, context)
