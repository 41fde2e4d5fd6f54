"""What the options of `churn train` ask for, checked before anything is read or fitted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli.errors import WRONG_USAGE, CommandError

if TYPE_CHECKING:
    import typer

    from training.evaluation.thresholds import ThresholdRule

OF_A_REPRODUCTION = {"data", "reproduce", "schema", "group", "time", "stage", "as_json"}


def threshold_rule(
    cost_missed: float | None, cost_contact: float | None, min_recall: float | None
) -> ThresholdRule:
    """The rule that the options ask for; best F1 without any."""
    from training.errors import ThresholdError
    from training.evaluation.thresholds import ThresholdRule

    costs = [cost for cost in (cost_missed, cost_contact) if cost is not None]
    if costs and min_recall is not None:
        raise CommandError(
            "the threshold follows either the costs or --min-recall: leave one out", WRONG_USAGE
        )
    if len(costs) == 1:
        raise CommandError("--cost-missed and --cost-contact go together: give both", WRONG_USAGE)
    try:
        if costs:
            return ThresholdRule("cost", cost_missed=cost_missed, cost_contact=cost_contact)
        return ThresholdRule("recall", min_recall=min_recall) if min_recall is not None else ThresholdRule()
    except ThresholdError as error:
        raise CommandError(str(error), WRONG_USAGE) from error


def candidate_names(text: str | None) -> tuple[str, ...] | None:
    """The candidates that a comma-separated list names; None where all by default are meant."""
    from training.errors import CandidateError
    from training.models.candidates import select

    if text is None:
        return None
    names = tuple(filter(None, (name.strip() for name in text.split(","))))
    try:
        select(names)
    except CandidateError as error:
        raise CommandError(str(error), WRONG_USAGE) from error
    return names


def require_nothing_else(context: typer.Context) -> None:
    """A reproduction follows the version's own recipe: an option that would be ignored is refused."""
    given = [
        parameter.opts[0]
        for parameter in context.command.params
        if parameter.name not in OF_A_REPRODUCTION and _typed(context, parameter.name or "")
    ]
    if given:
        raise CommandError(
            f"--reproduce follows the version's recipe and seed: leave out {', '.join(given)}",
            WRONG_USAGE,
        )


def _typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"
