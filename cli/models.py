"""`churn models`: what is in the registry, and which version serves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.compare import compare_versions
from cli.errors import CommandError
from cli.figure_names import title_of
from cli.output import emit_json, note, show_facts, show_table
from cli.stage import JsonOption, ProblemOption, StageOption, operator, resolve_stage

if TYPE_CHECKING:
    from contract.champion import Champion
    from contract.manifest import Recipe

app = typer.Typer(no_args_is_help=True, help="List, look at, compare, promote and roll back model versions.")

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
        ("recipe", _recipe_told(manifest.recipe)),
        ("trained on", f"{manifest.training_data.rows:,} rows of {manifest.training_data.source}"),
        ("validation", manifest.validation or "not told"),
        ("threshold", f"{manifest.threshold} ({manifest.threshold_rule or 'rule not told'})"),
        ("bands", f"medium from {manifest.bands.medium:.3f}, high from {manifest.bands.high:.3f}"),
        (
            "ONNX graph",
            f"equals the pipeline within {manifest.parity_max_abs_diff:.1e} on {manifest.parity_rows:,} rows",
        ),
        ("sha256", manifest.onnx_sha256),
    ]
    facts += [
        (title_of(name), f"{spread.mean:.4f} ± {spread.std:.4f}") for name, spread in manifest.metrics.items()
    ]
    if "ece" not in manifest.metrics:
        facts.append(("ECE", f"{manifest.calibration.ece:.4f}"))
    show_facts(facts)


def _recipe_told(recipe: Recipe | None) -> str:
    if recipe is None:
        return "not kept"
    settings = [f"{name} {value}" for name, value in recipe.params.items()]
    return ", ".join([recipe.candidate, *settings, f"seed {recipe.seed}"])


@app.command()
def promote(
    version: VersionArgument,
    reason: ReasonOption = "promoted by hand",
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make VERSION the serving model. The scorer takes it within a minute, without a redeploy."""
    target = resolve_stage(stage, schema)
    registry = target.registry()
    already = registry.serving() == version
    champion = registry.promote(version, by=operator(), reason=reason)
    if not already:
        target.tell("promoted", version, reason, champion.previous)
    _told(champion, as_json)


@app.command()
def rollback(
    reason: ReasonOption = "rolled back by hand",
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make the version before the serving one serve again."""
    target = resolve_stage(stage, schema)
    champion = target.registry().rollback(by=operator(), reason=reason)
    target.tell("rolled_back", champion.version, reason, champion.previous)
    _told(champion, as_json)


def _told(champion: Champion, as_json: bool) -> None:
    import msgspec

    if as_json:
        emit_json(msgspec.to_builtins(champion))
    else:
        note(f"{champion.version} serves now; before it {champion.previous or 'nothing'} did")


@app.command()
def report(
    version: VersionArgument,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Where to write it; default VERSION.html here.")
    ] = None,
    stage: StageOption = "local",
    schema: ProblemOption = None,
) -> None:
    """Write the report that was published with VERSION, one HTML file."""
    from training.registry.versions import REPORT_FILE

    page = resolve_stage(stage, schema).registry().file(version, REPORT_FILE)
    if page is None:
        raise CommandError(
            f"model {version}: published without a report; versions from `churn train` have one"
        )
    path = out or Path(f"{version}.html")
    path.write_bytes(page)
    note(f"wrote {path}")


app.command("compare")(compare_versions)
