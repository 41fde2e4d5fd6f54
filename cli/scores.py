"""`churn scores`: who is at risk, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CommandError
from cli.forget import forget
from cli.output import emit_json, note, show_table
from cli.stage import JsonOption, ProblemOption, StageOption, resolve_stage

if TYPE_CHECKING:
    from contract.prediction import Prediction

TO_THE_SECOND = len("2026-11-20T10:00:00")
SHOWN_IF_ANY = ("because of", "unseen category in")

app = typer.Typer(
    no_args_is_help=True, help="Read the scores and their reasons; erase those of one customer."
)


@app.command()
def get(
    customer: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Customer id.")],
    history: Annotated[int | None, typer.Option("--history", min=1, help="The last N scores.")] = None,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a customer's latest score; exit 1 where there is none."""
    reader = resolve_stage(stage, schema).scores()
    newest = reader.latest(customer) if history is None else None
    found = reader.history(customer, history) if history else [newest] if newest else []
    if not found:
        raise CommandError(
            f"no score for customer {customer!r}: no valid event of this customer was scored yet"
        )
    if as_json:
        documents = [as_document(prediction) for prediction in found]
        emit_json(documents if history else documents[0])
    else:
        show_predictions(found)


@app.command()
def top(
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many customers.")] = 10,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the customers most at risk now, highest first: only those in the band `high`."""
    found = resolve_stage(stage, schema).scores().top(limit)
    if as_json:
        emit_json([as_document(prediction) for prediction in found])
    elif not found:
        note("no customer is in the band `high` (or nothing was scored yet: `churn publish`)")
    else:
        show_predictions(found)


def as_document(prediction: Prediction) -> dict[str, Any]:
    """A prediction in the shape that --json promises."""
    return {
        "customer_id": prediction.customer_id,
        "probability": prediction.probability,
        "band": prediction.band,
        "reasons": [
            {"feature": reason.feature, "contribution": reason.contribution} for reason in prediction.reasons
        ],
        "unseen": list(prediction.unseen),
        "model_version": prediction.model_version,
        "event_time": prediction.event_time,
        "scored_at": prediction.scored_at,
    }


def show_predictions(predictions: Sequence[Prediction], *, title: str = "") -> None:
    """Scores as a table. Contributions are log-odds against the average customer."""
    rows = [
        [
            prediction.customer_id,
            f"{100 * prediction.probability:.1f} %",
            prediction.band,
            ", ".join(f"{reason.feature} {reason.contribution:+.2f}" for reason in prediction.reasons),
            ", ".join(prediction.unseen),
            prediction.event_time[:TO_THE_SECOND].replace("T", " "),
        ]
        for prediction in predictions
    ]
    headers = ["customer", "churn risk", "band", "because of", "unseen category in", "event time (UTC)"]
    shown = [
        position
        for position, header in enumerate(headers)
        if header not in SHOWN_IF_ANY or any(row[position] for row in rows)
    ]
    show_table([headers[i] for i in shown], [[row[i] for i in shown] for row in rows], title=title)


app.command(epilog="Example: `churn scores forget 7590-VHVEG --dry-run`")(forget)
