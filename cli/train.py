"""`churn train`: from a labelled table to a model in the registry."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CommandError
from cli.output import emit_json, note, progress_bar, show_facts, show_table
from cli.stage import JsonOption, Stage, StageOption, operator, resolve_stage

if TYPE_CHECKING:
    from contract.schema import FeatureSchema
    from training.data.dataset import Table
    from training.workflow import TrainedModel

SYNTHETIC = "synthetic"
SYNTHETIC_ROWS = 7000


class Promote(StrEnum):
    """When a freshly trained model becomes the serving one."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


DataOption = Annotated[
    str, typer.Option("--data", help="A CSV file or http(s) URL with labels, or synthetic[:ROWS].")
]
SchemaOption = Annotated[
    str | None, typer.Option("--schema", help="A built-in schema or a schema file; default: the stage's.")
]
PromoteOption = Annotated[
    Promote, typer.Option("--promote", help="auto: where nothing serves yet or it is not worse.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of folds, fuzz rows and synthetic data.")
]


def train(
    data: DataOption,
    schema: SchemaOption = None,
    promote: PromoteOption = Promote.AUTO,
    seed: SeedOption = 0,
    stage: StageOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Train on a labelled table, prove the ONNX graph equal to the pipeline, publish it, maybe promote it.

    Candidates are compared by 5×3 repeated stratified cross-validation. Nothing is published unless the
    graph gives the pipeline's probabilities within 1e-6.
    """
    from contract.schema import load_schema

    told = load_schema(schema) if schema else None
    target = resolve_stage(stage, told.name if told else None)
    features = told or target.feature_schema()
    trained = fit(load(data, features, seed), features, seed)
    promoted, why = publish_model(target, trained, promote)
    if as_json:
        emit_json({**trained.summary(), "promoted": promoted, "promotion": why})
    else:
        show(trained, promoted, why)


def load(data: str, schema: FeatureSchema, seed: int) -> Table:
    """The table that `--data` names."""
    from training.data.dataset import read_table, table_from_rows

    name, _, rows = data.partition(":")
    if name != SYNTHETIC:
        return read_table(data, schema)
    if rows and not rows.isdigit():
        raise CommandError(f"--data {data}: expected synthetic or synthetic:ROWS, such as synthetic:7000")
    from producer.synthetic import customers

    return table_from_rows(customers(schema.name, int(rows or SYNTHETIC_ROWS), seed), schema, data)


def fit(table: Table, schema: FeatureSchema, seed: int) -> TrainedModel:
    """Train with a progress bar."""
    from training.workflow import train as train_model

    with progress_bar("comparing candidates") as on_progress:
        return train_model(table, schema, seed=seed, on_progress=on_progress)


def publish_model(stage: Stage, trained: TrainedModel, promote: Promote) -> tuple[bool, str]:
    """Upload a model and promote it where the policy says so; whether it serves now, and why.

    Raises PromotionConflict where the champion changed since it was compared; the version stays published.
    """
    from training.registry.promotion import Policy, decide_promotion

    registry = stage.registry()
    registry.publish(trained)
    version = trained.manifest.version
    if promote is not Promote.AUTO:
        policy: Policy = "always" if promote is Promote.ALWAYS else "never"
        decided, why = decide_promotion(policy, trained.manifest, None)
        if decided:
            registry.promote(version, by=operator(), reason=why)
        return decided, why
    pointer = registry.champion()
    champion = registry.manifest(pointer[0].version) if pointer else None
    decided, why = decide_promotion("auto", trained.manifest, champion, trained.findings)
    if decided:
        registry.promote(version, by=operator(), reason=why, expected=pointer)
    return decided, why


def show(trained: TrainedModel, promoted: bool, why: str) -> None:
    """The comparison and the chosen model, for people."""
    summary: dict[str, Any] = trained.summary()
    for finding in trained.findings:
        note(f"data: {finding.message}")
    metrics = ("roc_auc", "pr_auc", "f1", "brier")
    show_table(
        ["candidate", "ROC AUC", "PR AUC", "F1", "Brier"],
        [
            [each["name"], *(f"{each[metric]['mean']:.3f} ± {each[metric]['std']:.3f}" for metric in metrics)]
            for each in summary["candidates"]
        ],
        title=f"{summary['rows']:,} customers, out of fold",
    )
    bands = summary["bands"]
    show_facts(
        [
            ("chosen", summary["chosen"]),
            ("version", summary["version"]),
            ("serves now", f"{'yes' if promoted else 'no'}: {why}"),
            ("threshold", f"{summary['threshold']:.3f} (best F1)"),
            ("bands", f"medium from {bands['medium']:.3f}, high from {bands['high']:.3f}"),
            ("calibration error", f"{trained.manifest.calibration.ece:.4f}"),
            ("ONNX graph", f"equals the pipeline within {summary['parity_max_abs_diff']:.1e}"),
            ("size", f"{summary['onnx_bytes']:,} bytes"),
            ("took", f"{summary['seconds']:.1f} s"),
        ]
    )
