"""`churn models compare`: two versions side by side, and on a table of one's own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import CommandError
from cli.figure_names import title_of
from cli.output import emit_json, note, show_facts, show_table
from cli.stage import JsonOption, ProblemOption, StageOption, resolve_stage

if TYPE_CHECKING:
    from training.registry.compare import Comparison, Line
    from training.registry.registry import Registry
    from training.registry.trial import Trial


def compare_versions(
    first: Annotated[str, typer.Argument(metavar="VERSION", help="A version from `churn models list`.")],
    second: Annotated[
        str | None, typer.Argument(metavar="OTHER", help="Another one; default: the one that serves.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", help="A labelled CSV file or URL to judge both on.")
    ] = None,
    stage: StageOption = "local",
    schema: ProblemOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show two versions side by side; with --data, judge both on the same rows too."""
    from training.registry.compare import compare

    registry = resolve_stage(stage, schema).registry()
    other = second or _champion(registry)
    comparison = compare(registry.manifest(first), registry.manifest(other))
    trial = _judge(registry, first, other, data) if data else None
    if as_json:
        judged = asdict(trial) | {"warnings": trial.warnings} if trial else None
        emit_json({**asdict(comparison), "trial": judged})
        return
    show_comparison(comparison)
    if trial:
        _show_trial(trial, data or "")


def _champion(registry: Registry) -> str:
    standing = registry.champion()
    if standing is None:
        raise CommandError("nothing serves yet, so name both versions; `churn models list` shows them")
    return standing[0].version


def _judge(registry: Registry, first: str, second: str, data: str) -> Trial:
    from training.data.dataset import read_table
    from training.registry.incumbent import load_incumbent
    from training.registry.trial import run_trial, schema_for_both

    both = load_incumbent(registry, first), load_incumbent(registry, second)
    table = read_table(data, schema_for_both(both[0].manifest, both[1].manifest))
    return run_trial(*both, table)


def show_comparison(comparison: Comparison) -> None:
    """What both manifests say, and where they differ."""
    show_table(
        ["", comparison.first, comparison.second],
        [
            [
                title_of(line.name),
                _told(line.first, line.std_first),
                _told(line.second, line.std_second),
            ]
            for line in comparison.figures
            if _worth_showing(line)
        ],
    )
    for difference in comparison.differences:
        note(f"differs: {difference}")
    if comparison.warning:
        note(comparison.warning)


def _worth_showing(line: Line) -> bool:
    return line.first is not None or line.second is not None


def _told(value: Any, std: float | None = None) -> str:
    if value is None:
        return "not told"
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if std is not None:
        return f"{value:.4f} ± {std:.4f}"
    return f"{value:.1e}" if 0 < abs(value) < 1e-4 else f"{value:.4f}"


def _show_trial(trial: Trial, data: str) -> None:
    both = trial.first, trial.second
    names = ("roc_auc", "pr_auc", "brier", "ece", "threshold", "flagged")
    show_table(
        [f"on {trial.rows:,} rows", *(each.version for each in both)],
        [[title_of(name), *(_told(getattr(each, name)) for each in both)] for name in names],
        title=data,
    )
    auc = trial.roc_auc_difference
    show_facts(
        [
            ("ROC AUC difference", f"{auc.difference:+.4f} (95 %: {auc.low:+.4f} to {auc.high:+.4f})"),
            (
                "decisions",
                f"{trial.flagged_by_both:,} flagged by both, {trial.flagged_only_by_first:,} only by "
                f"{trial.first.version}, {trial.flagged_only_by_second:,} only by {trial.second.version}",
            ),
            ("correlation", f"{trial.correlation:.4f} (of ranks {trial.rank_correlation:.4f})"),
        ]
    )
    for warning in trial.warnings:
        note(warning)
