"""`churn loadtest`: the promise, measured."""

from __future__ import annotations

import math
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from cli.errors import GATE_NOT_MET, WRONG_USAGE, CommandError
from cli.loadtest_options import (
    CustomersOption,
    DataOption,
    FindMaxOption,
    MaxIteratorAgeOption,
    MaxMissingOption,
    MaxP95Option,
    MaxP99Option,
    MaxReadP95Option,
    MaxRefusedOption,
    MaxRejectedOption,
    MinEventsOption,
    OnProductionOption,
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
    WarmUpOption,
    WebOption,
    WorkersOption,
)
from cli.output import emit_json, note, progress_bar
from cli.stage import JsonOption, ProblemOption, StageOption

if TYPE_CHECKING:
    from loadtest.conduct import Conductor
    from loadtest.locust_run import Plan

UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
RUN_TIME, STEP_TIME = "60s", "15s"
DEFAULT_FOLDER = Path("build") / "loadtest"
KNEE_P95_MS, KNEE_ITERATOR_AGE_MS = 1_000.0, 2_000.0


def loadtest(
    rate: RateOption = 500.0,
    run_time: RunTimeOption = None,
    warm_up: WarmUpOption = 5.0,
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
    find_max: FindMaxOption = False,
    web: WebOption = False,
    patience: PatienceOption = None,
    out: OutOption = None,
    on_production: OnProductionOption = False,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a stage under load, account for every event, and judge.

    Users publish, read latest scores, and probe: publish one event and poll until its score is readable. At
    the end every published event must be written, collapsed into a newer one of its customer, or rejected.
    Locust's report and statistics, and a summary, are kept in a folder.
    """
    from cli.loadtest_stage import conductor_of, require_events, stage_to_load
    from loadtest.locust_run import Plan
    from loadtest.shapes import Shape
    from loadtest.summary import new_folder

    if not (math.isfinite(rate) and rate > 0):
        raise CommandError(f"--rate {rate:g}: expected events a second above 0, such as 500", WRONG_USAGE)
    if shape not in list(Shape):
        raise CommandError(f"--shape {shape}: choose {', '.join(Shape)}", WRONG_USAGE)
    if find_max and not probes_rate:
        raise CommandError("--find-max judges by probes: give a --probes-rate above 0", WRONG_USAGE)
    plan = Plan(
        stage=stage,
        schema=schema or "",
        rate=rate,
        run_seconds=seconds_in(run_time or (STEP_TIME if find_max else RUN_TIME)),
        warm_up_seconds=warm_up,
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
    limits = {
        "min_events_per_second": min_events_per_second,
        "max_p95_ms": max_p95_ms,
        "max_p99_ms": max_p99_ms,
        "max_read_p95_ms": max_read_p95_ms,
        "max_missing": max_missing,
        "max_rejected": max_rejected,
        "max_refused": max_refused,
        "max_iterator_age_ms": max_iterator_age_ms,
    }
    given = {name: limit for name, limit in limits.items() if limit is not None}
    target = stage_to_load(stage, schema, on_production=on_production)
    require_events(target, plan)
    if web:
        return serve(plan)
    folder = new_folder(out or DEFAULT_FOLDER)
    note(f"{plan.rate:,.0f} events a second, {plan.shape}, {plan.run_seconds:g} s; writing to {folder}")
    with progress_bar("publishing", counts=False) as bar:
        conductor = conductor_of(target, patience, lambda done, total, what: bar(int(done), int(total), what))
        met = (_find if find_max else _judge)(conductor, plan, given, folder, as_json)
    if not met:
        raise typer.Exit(GATE_NOT_MET)
    return None


def _judge(conductor: Conductor, plan: Plan, limits: dict[str, float], folder: Path, as_json: bool) -> bool:
    """One run; whether every gate was met."""
    from cli.loadtest_show import show
    from loadtest.gates import judge
    from loadtest.saturation import findings
    from loadtest.summary import document, write

    done = conductor.run(plan, folder.absolute())
    verdicts = judge(done.measured, limits)
    found = findings(done.measured, done.cores, os.cpu_count() or 1, done.timing)
    summary = document(plan, done, verdicts, found, folder)
    write(summary, folder)
    if as_json:
        emit_json(summary)
    else:
        show(done, verdicts, found, folder)
    return bool(summary["met"])


def _find(conductor: Conductor, plan: Plan, limits: dict[str, float], folder: Path, as_json: bool) -> bool:
    """The highest sustained rate; whether it is at least --min-events-per-second, or one at all."""
    from cli.loadtest_knee import find_max, show_knee
    from loadtest.knee import Bounds
    from loadtest.summary import write

    bounds = Bounds(
        p95_ms=limits.get("max_p95_ms", KNEE_P95_MS),
        iterator_age_ms=limits.get("max_iterator_age_ms", KNEE_ITERATOR_AGE_MS),
    )
    found: dict[str, Any] = find_max(conductor, plan, bounds, folder)
    write(found, folder)
    if as_json:
        emit_json(found)
    else:
        show_knee(found)
    sustained = found["sustained_per_second"]
    return sustained is not None and sustained >= limits.get("min_events_per_second", 0.0)


def serve(plan: Plan) -> None:
    """Locust's web UI until Ctrl-C."""
    note("Locust's web UI: http://127.0.0.1:8089; Ctrl-C ends it")
    subprocess.run(plan.web_arguments(), check=False)


def seconds_in(text: str) -> float:
    """`90`, `90s`, `5m` or `2h` as seconds. Raises CommandError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if seconds < 1:
        raise CommandError(f"--run-time {text}: expected at least 1s, such as 60s, 5m or 8h", WRONG_USAGE)
    return seconds
