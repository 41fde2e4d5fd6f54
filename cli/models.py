"""`churn models`: what is in the registry, and which version serves."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.output import emit_json, note, show_facts, show_table
from cli.stage import JsonOption, ProblemOption, StageOption, operator, resolve_stage

app = typer.Typer(no_args_is_help=True, help="List, look at, promote and roll back model versions.")

TO_THE_DAY = len("2026-11-20")

VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="A version as `churn models list` shows it.")
]
ReasonOption = Annotated[
    str, typer.Option("--reason", help="Kept with the pointer, for those who ask later.")
]


@app.command("list")
def list_versions(
    stage: StageOption = "local", schema: ProblemOption = None, as_json: JsonOption = False
) -> None:
    """Show every version, newest first, and which one serves."""
    summaries = resolve_stage(stage, schema).registry().versions()
    rows: list[dict[str, Any]] = [
        {
            "version": each.version,
            "created_at": each.created_at,
            "chosen": each.chosen,
            "roc_auc": each.roc_auc,
            "champion": each.champion,
        }
        for each in summaries
    ]
    if as_json:
        emit_json(rows)
    elif not rows:
        note("no model yet: run `churn train --data FILE.csv` (or `--data synthetic`)")
    else:
        show_table(
            ["version", "created", "model", "ROC AUC", "serves"],  # within 80 columns
            [
                [
                    r["version"],
                    r["created_at"][:TO_THE_DAY],
                    r["chosen"],
                    "" if r["roc_auc"] is None else f"{r['roc_auc']:.4f}",
                    "yes" if r["champion"] else "",
                ]
                for r in rows
            ],
        )


@app.command()
def show(
    version: VersionArgument,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a version says about itself; --json prints its whole manifest."""
    import msgspec

    manifest = resolve_stage(stage, schema).registry().manifest(version)
    if as_json:
        emit_json(msgspec.to_builtins(manifest))
        return
    facts: list[tuple[str, object]] = [
        ("version", manifest.version),
        ("created", manifest.created_at),
        ("model", manifest.chosen),
        ("trained on", f"{manifest.training_data.rows:,} rows of {manifest.training_data.source}"),
        ("threshold", manifest.threshold),
        ("bands", f"medium from {manifest.bands.medium:.3f}, high from {manifest.bands.high:.3f}"),
        ("calibration error", f"{manifest.calibration.ece:.4f}"),
        (
            "ONNX graph",
            f"equals the pipeline within {manifest.parity_max_abs_diff:.1e} on {manifest.parity_rows:,} rows",
        ),
        ("sha256", manifest.onnx_sha256),
    ]
    facts += [(name, f"{spread.mean:.4f} ± {spread.std:.4f}") for name, spread in manifest.metrics.items()]
    show_facts(facts)


@app.command()
def promote(
    version: VersionArgument,
    reason: ReasonOption = "promoted by hand",
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make VERSION the serving model. The scorer takes it within a minute, without a redeploy."""
    registry = resolve_stage(stage, schema).registry()
    _told(registry.promote(version, by=operator(), reason=reason), as_json)


@app.command()
def rollback(
    reason: ReasonOption = "rolled back by hand",
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the version before the serving one serve again."""
    registry = resolve_stage(stage, schema).registry()
    _told(registry.rollback(by=operator(), reason=reason), as_json)


def _told(champion: Any, as_json: bool) -> None:
    import msgspec

    if as_json:
        emit_json(msgspec.to_builtins(champion))
    else:
        note(f"{champion.version} serves now; before it {champion.previous or 'nothing'} did")
