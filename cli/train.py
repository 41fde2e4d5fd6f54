"""`churn train`: from a labelled table to a model in the registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli import train_options as options
from cli.errors import GATE_NOT_MET, WRONG_USAGE, CommandError
from cli.output import emit_json, note, progress_bar
from cli.stage import JsonOption, Stage, StageOption, operator, resolve_stage
from cli.train_options import Promote
from cli.train_show import show_reproduction, show_trained

if TYPE_CHECKING:
    from contract.schema import FeatureSchema
    from training.data.dataset import Table
    from training.evaluation.thresholds import ThresholdRule
    from training.registry.release import Release
    from training.result import TrainedModel

SYNTHETIC = "synthetic"
SYNTHETIC_ROWS = 7000
DEFAULT_BUDGET_MINUTES = 10.0
DEFAULT_MAX_ROWS = 200_000
TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"


def train(
    data: options.DataOption,
    schema: options.SchemaOption = None,
    promote: options.PromoteOption = Promote.AUTO,
    candidates: options.CandidatesOption = None,
    budget: options.BudgetOption = DEFAULT_BUDGET_MINUTES,
    jobs: options.JobsOption = 0,
    cost_missed: options.CostMissedOption = None,
    cost_contact: options.CostContactOption = None,
    min_recall: options.MinRecallOption = None,
    no_reasons: options.NoReasonsOption = False,
    group: options.GroupOption = None,
    time: options.TimeOption = None,
    slices: options.SliceOption = None,
    max_rows: options.MaxRowsOption = DEFAULT_MAX_ROWS,
    strict: options.StrictOption = False,
    report: options.ReportOption = None,
    figures: options.FiguresOption = None,
    reproduce: options.ReproduceOption = None,
    seed: options.SeedOption = 0,
    stage: StageOption = "local",
    as_json: JsonOption = False,
) -> None:
    """Compare models on a labelled table, prove the best one's ONNX graph, publish it, maybe promote it.

    Every figure comes from customers that the model never saw (5×3 repeated cross-validation, settings and
    threshold chosen inside the fold). The simplest candidate that is not separably worse than the best wins.
    Nothing is published unless the graph gives the pipeline's probabilities within 1e-6.
    """
    from contract.schema import load_schema

    rule = threshold_rule(cost_missed, cost_contact, min_recall)
    told = load_schema(schema) if schema else None
    target = resolve_stage(stage, told.name if told else None)
    if reproduce:
        return reproduce_version(target, reproduce, data, group, time, as_json)
    uri = tracking_uri()
    features = told or target.feature_schema()
    table = load(data, features, seed, group=group, time=time, extras=slices or (), max_rows=max_rows)
    trained = fit(
        table,
        features,
        seed,
        candidates=_names(candidates),
        budget_minutes=budget,
        rule=rule,
        allow_no_reasons=no_reasons,
        slices=slices or (),
        strict=strict,
        jobs=jobs,
    )
    page = write_report(trained, report, figures)
    release = publish_model(target, trained, promote, page)
    track(trained, page, uri)
    if as_json:
        emit_json({**trained.summary(), "promoted": release.promoted, "promotion": release.reason})
    else:
        show_trained(trained, release)
    return None


def threshold_rule(
    cost_missed: float | None, cost_contact: float | None, min_recall: float | None
) -> ThresholdRule:
    """The rule that the options ask for; best F1 without any."""
    from training.errors import ThresholdError
    from training.evaluation.thresholds import ThresholdRule

    costs = (cost_missed, cost_contact) != (None, None)
    if costs and min_recall is not None:
        raise CommandError(
            "the threshold follows either the costs or --min-recall: leave one out", WRONG_USAGE
        )
    try:
        if costs:
            return ThresholdRule("cost", cost_missed=cost_missed, cost_contact=cost_contact)
        return ThresholdRule("recall", min_recall=min_recall) if min_recall is not None else ThresholdRule()
    except ThresholdError as error:
        raise CommandError(str(error), WRONG_USAGE) from error


def _names(candidates: str | None) -> tuple[str, ...] | None:
    return None if candidates is None else tuple(filter(None, (n.strip() for n in candidates.split(","))))


def load(
    data: str,
    schema: FeatureSchema,
    seed: int,
    *,
    group: str | None = None,
    time: str | None = None,
    extras: Sequence[str] = (),
    max_rows: int = DEFAULT_MAX_ROWS,
) -> Table:
    """The table that `--data` names."""
    from training.data.dataset import read_table, table_from_rows

    name, _, rows = data.partition(":")
    if name != SYNTHETIC:
        return read_table(data, schema, group=group, time=time, extras=extras, max_rows=max_rows, seed=seed)
    if rows and not rows.isdigit():
        raise CommandError(f"--data {data}: expected synthetic or synthetic:ROWS, such as synthetic:7000")
    from producer.synthetic import customers

    made = customers(schema.name, int(rows or SYNTHETIC_ROWS), seed)
    return table_from_rows(
        made, schema, data, group=group, time=time, extras=extras, max_rows=max_rows, seed=seed
    )


def fit(
    table: Table,
    schema: FeatureSchema,
    seed: int,
    candidates: Sequence[str] | None = None,
    **settings: object,
) -> TrainedModel:
    """Train with a progress bar. Settings are those of `training.train`."""
    from training.errors import QualityError
    from training.models.candidates import DEFAULT_CANDIDATES
    from training.workflow import train as train_model

    chosen = DEFAULT_CANDIDATES if candidates is None else candidates
    try:
        with progress_bar("comparing candidates", counts=False) as bar:
            return train_model(
                table,
                schema,
                seed=seed,
                candidates=chosen,
                on_progress=bar,
                **settings,  # type: ignore[arg-type]
            )
    except QualityError as error:
        for finding in error.messages:
            note(f"data: {finding}")
        raise CommandError(str(error), GATE_NOT_MET) from error


def write_report(trained: TrainedModel, report: str | None, figures: str | None) -> bytes:
    """The version's report, also written to a file and its figures to a folder where these are named."""
    from training.report.page import render_report

    page = render_report(trained)
    if report:
        Path(report).write_bytes(page)
        note(f"report: {report}")
    if figures:
        from training.report.figures import write_figures

        written = write_figures(trained, Path(figures))
        note(f"figures: {len(written)} PNG files in {figures}")
    return page


def publish_model(stage: Stage, trained: TrainedModel, promote: Promote, page: bytes) -> Release:
    """Upload a model with its report, promote it where the policy says so, and tell those who subscribed.

    Raises PromotionConflict where the champion changed since it was compared; the version stays published.
    """
    from training.registry.release import release
    from training.registry.versions import REPORT_FILE

    registry = stage.registry()
    serving = registry.serving()
    done = release(registry, trained, promote.value, by=operator(), files={REPORT_FILE: page})
    if done.promoted or promote is Promote.AUTO:
        stage.tell("promoted" if done.promoted else "kept", done.version, done.reason, serving)
    return done


def tracking_uri() -> str | None:
    """Where MLflow is to be told, if anywhere. Raises TrackingError where it is set without MLflow."""
    uri = os.environ.get(TRACKING_VARIABLE)
    if uri:
        from training.tracking.track import ensure_installed

        ensure_installed()
    return uri


def track(trained: TrainedModel, page: bytes, uri: str | None) -> None:
    """Log the comparison to MLflow; a failure is a note, never an end."""
    if not uri:
        return
    from training.errors import TrackingError
    from training.tracking.track import track as tell_mlflow

    try:
        found = tell_mlflow(trained, page, tracking_uri=uri, settings=os.environ, by=operator())
        note(f"MLflow: {found}")
    except TrackingError as error:
        note(f"not tracked: {error}")


def reproduce_version(
    stage: Stage, version: str, data: str, group: str | None, time: str | None, as_json: bool
) -> None:
    """Make a version again, and exit 3 where its graph is another.

    `group` and `time` as in the training, since a row without a usable time is left out.
    """
    from training.registry.reproduce import reproduce
    from training.workflow import rebuild

    registry = stage.registry()
    manifest = registry.manifest(version)
    rows = manifest.training_data.rows  # a sample is drawn again by its size and seed
    table = load(
        data, manifest.feature_schema(), manifest.seed, group=group, time=time, max_rows=max(rows, 1)
    )
    found = reproduce(registry, version, table, rebuild)
    if as_json:
        emit_json(
            {
                "version": found.version,
                "same": found.same,
                "expected_sha256": found.expected_sha256,
                "found_sha256": found.found_sha256,
                "differences": list(found.differences),
            }
        )
    else:
        show_reproduction(found)
    if not found.same:
        raise typer.Exit(GATE_NOT_MET)
