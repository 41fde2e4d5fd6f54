"""A stage as `churn loadtest` needs it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cli.errors import WRONG_USAGE, CommandError
from cli.output import note
from cli.stage import LOCAL, Stage, local_directory, resolve_stage

if TYPE_CHECKING:
    from loadtest.conduct import Conductor, OnProgress
    from loadtest.locust_run import Plan
    from loadtest.process_watch import ProcessWatch

PATIENCE_SECONDS, REMOTE_PATIENCE_SECONDS = 30.0, 180.0  # CloudWatch is a minute or two behind
PRODUCTION = "prod"
QUERIES_IN_FLIGHT = 8


def stage_to_load(name: str, schema: str | None, *, on_production: bool) -> Stage:
    """The stage, if a load test makes sense there. Raises CommandError."""
    if name == PRODUCTION and not on_production:
        raise CommandError(
            "a load test writes scores of made-up customers, which stay in the table and among those most at "
            "risk until they expire, and it costs money: add --on-production if that is what you want",
            WRONG_USAGE,
        )
    stage = resolve_stage(name, schema)
    if stage.registry().champion() is None:
        raise CommandError(
            f"stack {stage.stack} serves no model, so nothing would be scored: run `churn train` first"
        )
    if name != LOCAL:
        note("made-up customers, whose ids begin with the time of this run, stay until their scores expire")
    return stage


def require_events(stage: Stage, plan: Plan) -> None:
    """Raise SourceError or UnknownGeneratorError where there is nothing to make events of."""
    from loadtest.traffic import snapshots_of

    next(snapshots_of(plan.data, stage.feature_schema(), 1, plan.seed))


def conductor_of(stage: Stage, patience: float | None, on_progress: OnProgress) -> Conductor:
    """What runs load tests against a stage."""
    from loadtest.conduct import Conductor
    from loadtest.json_service import JsonService
    from loadtest.table_query import TableQuery
    from scorer.aws.credentials import Credentials

    dynamodb = stage.client("dynamodb")
    lean = JsonService(
        "dynamodb",
        url=dynamodb.meta.endpoint_url,
        region=dynamodb.meta.region_name,
        credentials=Credentials(os.environ),
        connections=QUERIES_IN_FLIGHT,
        ca_bundle=os.environ.get("AWS_CA_BUNDLE", ""),
    )
    usual = PATIENCE_SECONDS if stage.name == LOCAL else REMOTE_PATIENCE_SECONDS
    return Conductor(
        deployment=stage.deployment(),
        table=TableQuery(lean, stage.table),
        processes=_processes_of(stage),
        patience_seconds=patience or usual,
        on_progress=on_progress,
    )


def _processes_of(stage: Stage) -> ProcessWatch:
    """The processes of a local stage; none of one on AWS."""
    from infra.local.stage import status
    from loadtest.process_watch import ProcessWatch

    found = status(local_directory()) if stage.name == LOCAL else None
    if found is None:
        return ProcessWatch({})
    names = {"ministack": "emulator", "companions": "event source"}
    pids = {names[name]: pid for name, pid in found.pids.items() if name in names}
    return ProcessWatch(pids, parent_of_function="emulator")
