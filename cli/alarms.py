"""`churn alarms`: what watches a stage, and whether anybody would hear of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import FAILED, WRONG_USAGE, CommandError
from cli.output import emit_json, note, show_table
from cli.stage import LOCAL, JsonOption, ProblemOption, Stage, StageOption, resolve_stage

if TYPE_CHECKING:
    from infra.alarms.alarm import Alarm
    from infra.alarms.drill import Delivery

app = typer.Typer(no_args_is_help=True, help="List a stage's alarms, and prove that they are heard.")

TO_THE_MINUTE = len("2026-11-20T10:00")
STATES = {"OK": "ok", "INSUFFICIENT_DATA": "no data"}  # ALARM shouts
SETTLE_SECONDS = 5.0  # on AWS a new subscription may miss what is published at once
CALLS_A_SECOND_ARE_FEW = {"mode": "standard", "total_max_attempts": 8}  # SetAlarmState: three

NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="As `churn alarms list` shows them; default all."),
]
WaitOption = Annotated[
    int, typer.Option("--wait", min=1, max=600, help="Seconds to wait for the notifications.")
]
YesOption = Annotated[
    bool, typer.Option("--yes", help="Do it although people and pagers are notified (needed on AWS).")
]


@app.command("list")
def list_alarms(
    stage: StageOption = "local", schema: ProblemOption = None, as_json: JsonOption = False
) -> None:
    """Show every alarm: its state and since when, what it watches, and its section of the runbook."""
    target = resolve_stage(stage, schema)
    alarms = _read(target)
    if as_json:
        names = ("name", "state", "since", "reason", "watches", "threshold", "means", "runbook")
        emit_json([{name: getattr(alarm, name) for name in names} for alarm in alarms])
    elif not alarms:
        note(_none(target))
    else:
        show_table(
            ["alarm", "state", "since (UTC)", "watches"],
            [
                [each.name, STATES.get(each.state, each.state), each.since[:TO_THE_MINUTE], each.watches]
                for each in alarms
            ],
        )
        if runbook := next((each.runbook.partition("#")[0] for each in alarms if each.runbook), ""):
            note(f"what each means and what to do: {runbook}#ALARM")


@app.command("test")
def prove(
    names: NamesArgument = None,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    wait: WaitOption = 30,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Set alarms into ALARM and show that their notifications arrive; exit 1 where one does not.

    A queue listens in for as long as that takes. Then every alarm has the state it had, and the queue is
    gone, Ctrl-C or not. Real subscribers are notified too, so on AWS it asks for --yes.
    """
    from infra.alarms.alarm import choose
    from infra.alarms.drill import run_drill
    from infra.alarms.mailbox import open_mailbox

    target = resolve_stage(stage, schema)
    alarms = _read(target)
    if not alarms:
        raise CommandError(_none(target))
    chosen = choose(alarms, names or [])
    if target.name != LOCAL and not yes:
        raise CommandError(
            f"everybody who hears the alarms of {target.stack}, pagers included, would be told that "
            f"{len(chosen)} of them went off: warn them, then add --yes",
            WRONG_USAGE,
        )
    from botocore.config import Config

    topics = sorted({topic for alarm in chosen for topic in alarm.topics})
    settle = 0.0 if target.name == LOCAL else SETTLE_SECONDS
    sns = target.client("sns")
    with open_mailbox(
        target.client("sqs"), sns, topics, name=f"{target.stack}-alarm-test", settle_seconds=settle
    ) as mailbox:
        patient = Config(retries=CALLS_A_SECOND_ARE_FEW)  # type: ignore[arg-type]
        deliveries = run_drill(
            chosen,
            cloudwatch=target.client("cloudwatch", config=patient),
            mailbox=mailbox,
            wait_seconds=wait,
        )
    _show(deliveries, as_json)
    _tell_of_audience(sns, topics)
    if not all(each.arrived for each in deliveries):
        note("churn: not every notification arrived: docs/runbook.md#silent-alarms says what to look at")
        raise typer.Exit(FAILED)


def _read(target: Stage) -> list[Alarm]:
    from infra.alarms.alarm import read_alarms

    return read_alarms(target.client("cloudwatch"), target.stack)


def _none(target: Stage) -> str:
    again = (
        "`churn local down`, then `churn local up`"
        if target.name == LOCAL
        else f"`make deploy STAGE={target.name}`"
    )
    return f"stack {target.stack} has no alarms: deploy it again ({again})"


def _show(deliveries: Sequence[Delivery], as_json: bool) -> None:
    if as_json:
        names = ("name", "arrived", "milliseconds", "problem")
        emit_json([{name: getattr(each, name) for name in names} for each in deliveries])
        return
    show_table(
        ["alarm", "notification"],
        [
            [
                each.name,
                f"arrived within {each.milliseconds} ms" if each.arrived else f"MISSING: {each.problem}",
            ]
            for each in deliveries
        ],
    )


def _tell_of_audience(sns: object, topics: Sequence[str]) -> None:
    """An e-mail address that never confirmed hears nothing, and nobody notices: so say who listens."""
    from infra.alarms.mailbox import audience_of

    for topic in topics:
        audience = audience_of(sns, topic)  # type: ignore[arg-type]
        name = topic.rsplit(":", 1)[1]
        if audience.pending:
            note(f"{name}: {audience.pending} of its subscriptions are not confirmed and hear nothing")
        if not audience.confirmed:
            note(f"{name}: nobody hears it; set alarmEmail, or subscribe: docs/runbook.md#silent-alarms")
