"""`churn explore`: look at a table before training on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.files import require_file
from cli.output import emit_json, note, progress_bar, show_facts, show_table
from cli.stage import JsonOption

DEFAULT_PAGE = Path("explore.html")
ROWS_SHOWN = 10


def explore(
    # Text, not a path: a path would make one slash of the two in http://.
    data: Annotated[
        str, typer.Argument(help="A CSV file or http(s) URL with a header, one row per customer.")
    ],
    schema: Annotated[
        str | None, typer.Option("--schema", help="A built-in schema or a schema file; not needed.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write.")] = DEFAULT_PAGE,
    label_column: Annotated[str | None, typer.Option(help="Label column; guessed where not given.")] = None,
    positive: Annotated[
        str | None, typer.Option(help="The label's value that means churned; guessed where it is clear.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a page on raw data: distributions, gaps, oddities, and what goes with leaving.

    Needs no schema and no stage, and works without a label. Of more than 200,000 rows a random sample is
    looked at. The page holds aggregates only and opens in any browser, offline.
    """
    from contract.schema import load_schema
    from training.report.explore import explore as look_at
    from training.report.explore import render_exploration
    from training.report.raw import read_raw

    told = load_schema(schema) if schema else None
    require_file("--output", output)
    with progress_bar("reading the table", counts=False):
        found = look_at(read_raw(data, told, label_column=label_column, positive=positive))
    output.write_bytes(render_exploration(found))
    summary = found.summary() | {"page": str(output)}
    if as_json:
        emit_json(summary)
        return
    for remark in found.remarks:
        note(f"data: {remark.text}")
    ranked = sorted(found.aucs.items(), key=lambda each: -each[1])[:ROWS_SHOWN]
    if ranked:
        show_table(["column", "ROC AUC alone"], [[name, f"{auc:.3f}"] for name, auc in ranked])
    show_facts([("rows", f"{summary['rows']:,}"), ("columns", len(found.table.columns)), ("page", output)])
