"""`churn`: what a person types. Each command group is a file; this one only joins them."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from cli import (
    alarms,
    cost,
    dashboard,
    demo,
    explore,
    loadtest,
    local,
    models,
    publish,
    rejected,
    schema,
    scores,
    smoke,
    train,
)
from cli.errors import INTERRUPTED, PIPE_CLOSED, CommandError
from cli.interrupts import stops_cleanly
from cli.known_errors import explain
from cli.output import note


class Commands(TyperGroup):
    """The root command: ends a person's Ctrl-C and a closed pipe the way shells expect."""

    def invoke(self, ctx: Any) -> Any:
        """Run the chosen command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            raise CommandError("stopped", INTERRUPTED) from None
        except BrokenPipeError:
            # The reader has gone; what is left in the buffer must not be written at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(PIPE_CLOSED) from None
        return result


app = typer.Typer(
    name="churn",
    cls=Commands,
    rich_markup_mode="markdown",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Real-time churn scores: train a model, publish customer events, read who is at risk and why.",
    epilog="Start with `churn demo`. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a gate was not met.",
)
app.command(epilog="Example: `churn demo --data customers.csv --events 20000`")(demo.demo)
app.add_typer(local.app, name="local")
app.command(epilog="Example: `churn explore customers.csv -o explore.html`")(explore.explore)
app.command(epilog="Example: `churn train --data customers.csv --promote never --json`")(train.train)
app.add_typer(models.app, name="models")
app.add_typer(schema.app, name="schema")
app.command(epilog="Example: `churn publish customers.csv --rate 200`")(publish.publish)
app.add_typer(scores.app, name="scores")
app.add_typer(rejected.app, name="rejected")
app.add_typer(alarms.app, name="alarms")
app.command(epilog="Example: `churn cost --events-per-day 1e6 --customers 200000 --capacity cheapest`")(
    cost.cost
)
app.command(epilog="Example: `churn loadtest --rate 500 --run-time 60s --max-p95-ms 150`")(loadtest.loadtest)
app.command(epilog="Example: `churn smoke --stage dev`")(smoke.smoke)
app.command(epilog="Example: `churn dashboard --stage prod --since 12h`")(dashboard.dashboard)


def main() -> None:
    """Run the command line. A person's mistake ends in one line and an exit code, never in a traceback."""
    try:
        with stops_cleanly():
            app()
    except CommandError as error:
        _end(str(error), error.exit_code)
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        _end(*known)


def _end(line: str, exit_code: int) -> None:
    note(f"churn: {line}")
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
