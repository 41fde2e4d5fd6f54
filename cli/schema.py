"""`churn schema`: features are data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.output import emit_json, note

app = typer.Typer(no_args_is_help=True, help="Draft a feature schema from a table.")


@app.command()
def infer(
    csv: Annotated[Path, typer.Argument(help="A CSV file with a header, one row per customer.")],
    id_column: Annotated[
        str | None, typer.Option(help="Customer id column; guessed where not given.")
    ] = None,
    label_column: Annotated[str | None, typer.Option(help="Label column; guessed where not given.")] = None,
) -> None:
    """Print a draft JSON Schema for CSV on stdout; read it, mend it, then `churn train --schema FILE`."""
    from training.infer import infer_schema

    draft = infer_schema(csv, id_column=id_column, label_column=label_column)
    for line in draft.notes:
        note(line)
    emit_json(draft.document)
