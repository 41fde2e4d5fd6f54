"""`churn train`: from a labelled table to a model in the registry."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cli import train_options as options
from cli.errors import GATE_NOT_MET, CommandError
from cli.files import require_file, require_folder
from cli.output import emit_json, note, progress_bar
from cli.stage import JsonOption, Stage, StageOption, operator, resolve_stage
from cli.train_options import Promote
from cli.train_reproduce import reproduce_version
from cli.train_settings import candidate_names, require_nothing_else, threshold_rule
from cli.train_show import show_trained
from cli.train_table import DEFAULT_MAX_ROWS, load

if TYPE_CHECKING:
    from contract.schema import FeatureSchema
    from training.data.dataset import Table
    from training.registry.release import Release
    from training.result import TrainedModel

DEFAULT_BUDGET_MINUTES = 10.0
TRACKING_VARIABLE = "MLFLOW_TRACKING_URI"


def train(
    context: typer.Context,
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
    Nothing is published unless the graph gives the pipeline's probabilities within 1e-6. docs/training.md
    tells it all.
    """
    from contract.schema import load_schema
    from training.report.page import render_report

    if reproduce:
        require_nothing_else(context)
    rule = threshold_rule(cost_missed, cost_contact, min_recall)
    names = candidate_names(candidates)
    if report:
        require_file("--report", report)
    if figures:
        require_folder("--figures", figures)
    told = load_schema(schema) if schema else None
    target = resolve_stage(stage, told.name if told else None)
    if reproduce:
        return reproduce_version(target, reproduce, data, group, time, as_json)
    uri = tracking_uri()
    features = told or target.feature_schema()
    with progress_bar("reading the table", counts=False):
        table = load(data, features, seed, group=group, time=time, extras=slices or (), max_rows=max_rows)
    trained = fit(
        table,
        features,
        seed,
        candidates=names,
        budget_minutes=budget,
        rule=rule,
        allow_no_reasons=no_reasons,
        slices=slices or (),
        strict=strict,
        jobs=jobs,
    )
    page = render_report(trained)
    release = publish_model(target, trained, promote, page)
    track(trained, page, uri)
    if as_json:
        emit_json({**trained.summary(), "promoted": release.promoted, "promotion": release.reason})
    else:
        show_trained(trained, release)
    write_files(trained, page, report, figures)
    return None


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


def write_files(trained: TrainedModel, page: bytes, report: Path | None, figures: Path | None) -> None:
    """Write the report to a file and its figures to a folder, where these are named.

    Last of all, since by then the model is published: a full disk takes nothing with it.
    """
    try:
        if report:
            report.write_bytes(page)
            note(f"report: {report}")
        if figures:
            from training.report.figures import write_figures

            written = write_figures(trained, figures)
            note(f"figures: {len(written)} PNG files in {figures}")
    except OSError as error:
        raise CommandError(
            f"{error.filename or report or figures}: {error.strerror or error}; the model is published, "
            f"and `churn models report {trained.manifest.version}` writes its report"
        ) from error


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
