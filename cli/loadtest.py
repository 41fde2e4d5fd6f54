"""`churn loadtest`: the promise, measured."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli.errors import FAILED, GATE_NOT_MET, WRONG_USAGE, CommandError
from cli.loadtest_options import (
    CustomersOption,
    DataOption,
    MaxIteratorAgeOption,
    MaxMissingOption,
    MaxP95Option,
    MaxP99Option,
    MaxReadP95Option,
    MaxRefusedOption,
    MaxRejectedOption,
    MinEventsOption,
    OutOption,
    PatienceOption,
    ProbesOption,
    RateOption,
    ReadsOption,
    RunTimeOption,
    SeedOption,
    ShapeOption,
    TopsOption,
    UsersOption,
    WorkersOption,
)
from cli.output import emit_json, note, progress_bar
from cli.stage import LOCAL, JsonOption, ProblemOption, Stage, StageOption, local_directory, resolve_stage

if TYPE_CHECKING:
    from loadtest.conduct import Conductor
    from loadtest.process_watch import ProcessWatch

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
DEFAULT_FOLDER = Path("build") / "loadtest"
PATIENCE_SECONDS = {LOCAL: 30.0}
REMOTE_PATIENCE_SECONDS = 180.0  # CloudWatch is a minute or two behind


def loadtest(
    rate: RateOption = 500.0,
    run_time: RunTimeOption = "60s",
    shape: ShapeOption = "steady",
    users: UsersOption = None,
    workers: WorkersOption = 0,
    readers_rate: ReadsOption = 10.0,
    tops_rate: TopsOption = 0.1,
    probes_rate: ProbesOption = 2.0,
    customers: CustomersOption = 5000,
    data: DataOption = "synthetic",
    seed: SeedOption = 0,
    min_events_per_second: MinEventsOption = None,
    max_p95_ms: MaxP95Option = None,
    max_p99_ms: MaxP99Option = None,
    max_read_p95_ms: MaxReadP95Option = None,
    max_missing: MaxMissingOption = 0,
    max_rejected: MaxRejectedOption = 0,
    max_refused: MaxRefusedOption = None,
    max_iterator_age_ms: MaxIteratorAgeOption = None,
    patience: PatienceOption = None,
    out: OutOption = None,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a stage under load, account for every event, and judge.

    Users publish, read latest scores, and probe: publish one event and poll until its score is readable. At
    the end every published event must be written, collapsed into a newer one of its customer, or rejected.
    """
    from loadtest.gates import judge
    from loadtest.locust_run import LocustError, Plan
    from loadtest.saturation import findings
    from loadtest.shapes import Shape
    from loadtest.summary import document, new_folder, write

    if not (math.isfinite(rate) and rate > 0):
        raise CommandError(f"--rate {rate:g}: expected events a second above 0, such as 500", WRONG_USAGE)
    if shape not in list(Shape):
        raise CommandError(f"--shape {shape}: choose {', '.join(Shape)}", WRONG_USAGE)
    plan = Plan(
        stage=stage,
        schema=schema or "",
        rate=rate,
        run_seconds=seconds_in(run_time),
        shape=Shape(shape),
        users=users,
        workers=workers,
        reads=readers_rate,
        tops=tops_rate,
        probes=probes_rate,
        customers=customers,
        data=data,
        seed=seed,
    )
    given = {
        "min_events_per_second": min_events_per_second,
        "max_p95_ms": max_p95_ms,
        "max_p99_ms": max_p99_ms,
        "max_read_p95_ms": max_read_p95_ms,
        "max_missing": max_missing,
        "max_rejected": max_rejected,
        "max_refused": max_refused,
        "max_iterator_age_ms": max_iterator_age_ms,
    }
    limits = {name: limit for name, limit in given.items() if limit is not None}
    target = resolve_stage(stage, schema)
    require_model(target)
    folder = new_folder(out or DEFAULT_FOLDER)
    note(f"{plan.rate:,.0f} events a second for {plan.run_seconds:g} s ({plan.shape}); writing to {folder}")
    with progress_bar("publishing", counts=False) as bar:
        conductor = conductor_of(target, patience, lambda done, total, what: bar(int(done), int(total), what))
        try:
            done = conductor.run(plan, folder.absolute())
        except LocustError as error:
            raise CommandError(str(error), FAILED) from error
    verdicts = judge(done.measured, limits)
    found = findings(done.measured, done.cores, os.cpu_count() or 1)
    summary = document(plan, done, verdicts, found, folder)
    write(summary, folder)
    if as_json:
        emit_json(summary)
    else:
        from cli.loadtest_show import show

        show(done, verdicts, found, folder)
    if not summary["met"]:
        raise typer.Exit(GATE_NOT_MET)


def seconds_in(text: str) -> float:
    """`90`, `90s`, `5m` or `2h` as seconds. Raises CommandError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if seconds < 1:
        raise CommandError(f"--run-time {text}: expected at least 1s, such as 60s, 5m or 8h", WRONG_USAGE)
    return seconds


def require_model(stage: Stage) -> None:
    """Without a model nothing is consumed, and all of the load would wait in the stream."""
    if stage.registry().champion() is None:
        raise CommandError(
            f"stack {stage.stack} serves no model, so nothing would be scored: run `churn train` first"
        )


def conductor_of(stage: Stage, patience: float | None, on_progress: object) -> Conductor:
    """What runs load tests against a stage."""
    from loadtest.conduct import Conductor
    from loadtest.deployment import Deployment
    from loadtest.json_service import JsonService
    from loadtest.table_query import TableQuery
    from scorer.aws.credentials import Credentials

    dynamodb = stage.client("dynamodb")
    lean = JsonService(
        "dynamodb",
        url=dynamodb.meta.endpoint_url,
        region=dynamodb.meta.region_name,
        credentials=Credentials(os.environ),
        connections=8,
        ca_bundle=os.environ.get("AWS_CA_BUNDLE", ""),
    )
    return Conductor(
        deployment=Deployment(
            dynamodb=dynamodb,
            cloudwatch=stage.client("cloudwatch"),
            table=stage.table,
            service=stage.stack,
            scores=stage.scores(),
            rejected=stage.rejected(),
        ),
        table=TableQuery(lean, stage.table),
        processes=processes_of(stage),
        patience_seconds=patience or PATIENCE_SECONDS.get(stage.name, REMOTE_PATIENCE_SECONDS),
        on_progress=on_progress,  # type: ignore[arg-type]
    )


def processes_of(stage: Stage) -> ProcessWatch:
    """The processes of a local stage; none of one on AWS."""
    from infra.local.stage import status
    from loadtest.process_watch import ProcessWatch

    found = status(local_directory()) if stage.name == LOCAL else None
    if found is None:
        return ProcessWatch({})
    names = {"ministack": "emulator", "companions": "event source"}
    pids = {names[name]: pid for name, pid in found.pids.items() if name in names}
    return ProcessWatch(pids, parent_of_function="emulator")
