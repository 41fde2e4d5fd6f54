"""`churn`: what a person types. Each command group is a file; this one only joins them."""

from __future__ import annotations

import sys

import typer

from cli import demo, local, models, publish, rejected, schema, scores, train
from cli.errors import FAILED, CommandError
from cli.output import NOTES

app = typer.Typer(
    name="churn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Real-time churn scores: train a model, publish customer events, read who is at risk and why.",
    epilog="Start with `churn demo`. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 a gate was not met.",
)
app.command()(demo.demo)
app.add_typer(local.app, name="local")
app.command()(train.train)
app.add_typer(models.app, name="models")
app.add_typer(schema.app, name="schema")
app.command()(publish.publish)
app.add_typer(scores.app, name="scores")
app.add_typer(rejected.app, name="rejected")


def main() -> None:
    """Run the command line. A person's mistake ends in one line and an exit code, never in a traceback."""
    try:
        app()
    except CommandError as error:
        _end(str(error), error.exit_code)
    except KeyboardInterrupt:
        _end("stopped", 130)
    except Exception as error:
        line = _line_for(error)
        if line is None:
            raise
        _end(line, FAILED)


def _line_for(error: Exception) -> str | None:
    """One line for an error that a person can do something about; None for a defect of ours."""
    from cli.known_errors import line_for

    return line_for(error)


def _end(line: str, exit_code: int) -> None:
    NOTES.print(f"churn: {line}", markup=False, soft_wrap=True)
    sys.exit(exit_code)


if __name__ == "__main__":
    main()
