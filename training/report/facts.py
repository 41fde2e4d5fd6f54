"""The plain facts of a report: what it was trained on, how fast it is, and how to make it again."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from contract.manifest import Histogram
from training.evaluation.slices import Slice
from training.report.words import number, percent
from training.result import TrainedModel
from training.wording import printable

Facts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Column:
    """A feature as the data section lists it."""

    name: str
    kind: str
    missing: str
    counts: list[int]
    holds: str


@dataclass(frozen=True, slots=True)
class Share:
    """A slice's row: predicted and observed share, also as positions from 0 to 100 on a common scale."""

    slice: Slice
    first: bool
    value: str
    predicted: str
    observed: str
    predicted_at: float
    observed_at: float


def data_facts(trained: TrainedModel) -> Facts:
    """Size and make-up of the table."""
    table, data = trained.table, trained.manifest.training_data
    facts = [
        ("Source", printable(data.source, 200)),
        ("Customers", f"{data.rows:,}"),
        ("Left", f"{data.positives:,} ({percent(data.positives / data.rows)})"),
        (
            "Features",
            f"{len(trained.schema.numeric)} numbers, {len(trained.schema.categorical)} categories "
            f"(schema {trained.schema.name})",
        ),
    ]
    if table.skipped.count:
        facts.append(("Rows left out", f"{table.skipped.count:,}"))
    if table.total_rows > data.rows:
        facts.append(("Sampled from", counted_rows(table.total_rows)))
    return facts


def counted_rows(rows: int) -> str:
    """`1,000,000 rows`."""
    return f"{rows:,} {'row' if rows == 1 else 'rows'}"


def feature_rows(trained: TrainedModel) -> list[Column]:
    """Every feature with its histogram."""
    rows = trained.manifest.training_data.rows
    baseline = trained.manifest.baseline
    return [
        Column(
            name=printable(feature.name),
            kind="category" if feature.is_categorical else "number",
            missing=percent(baseline[feature.name].missing / rows) if baseline[feature.name].missing else "",
            counts=_bars(baseline[feature.name]),
            holds=_holds(baseline[feature.name]),
        )
        for feature in trained.schema.features
        if feature.name in baseline
    ]


def _bars(histogram: Histogram) -> list[int]:
    """Categories by frequency; numbers as density over bins of equal share, so that wide ones are low."""
    if histogram.categories:
        return sorted(histogram.counts, reverse=True)[:12] or [0]
    widths = [high - low for low, high in zip(histogram.edges, histogram.edges[1:], strict=False)]
    narrowest = min((width for width in widths if width > 0), default=1.0)
    return [
        round(1000 * count * narrowest / width) if width > 0 else 1000 * count
        for count, width in zip(histogram.counts, widths, strict=False)
    ] or [0]


def _holds(histogram: Histogram) -> str:
    if histogram.categories:
        order = sorted(zip(histogram.counts, histogram.categories, strict=True), reverse=True)
        names = ", ".join(printable(name) for _, name in order[:3])
        return names if len(order) <= 3 else f"{names} and {len(order) - 3} more"
    if not histogram.edges:
        return "nothing"
    return f"{number(histogram.edges[0])} to {number(histogram.edges[-1])}"


def slice_rows(slices: Sequence[Slice]) -> list[Share]:
    """Slices with positions on one scale for all."""
    top = max((max(each.mean_predicted, each.share_observed) for each in slices), default=1.0)
    scale = 100 / min(1.0, math.ceil(top * 10) / 10 or 0.1)
    rows, before = [], ""
    for each in slices:
        rows.append(
            Share(
                each,
                each.column != before,
                printable(each.value),
                percent(each.mean_predicted),
                percent(each.share_observed),
                round(each.mean_predicted * scale, 1),
                round(each.share_observed * scale, 1),
            )
        )
        before = each.column
    return rows


def serving_facts(trained: TrainedModel) -> Facts:
    """Parity, size and speed."""
    manifest = trained.manifest
    facts = [
        ("Largest difference of a score", f"{manifest.parity_max_abs_diff:.1e}, at most 1e-6 allowed"),
        (
            "Rows compared",
            f"{manifest.parity_rows:,}: all training rows, values around every edge, random rows",
        ),
    ]
    if manifest.parity_flips is not None:
        facts.append(("Decisions that differ", f"{manifest.parity_flips:,}"))
    micros = trained.score_micros
    a_second = float(f"{1e6 / micros:.2g}")
    facts += [
        (
            "Scoring",
            f"{micros:.2f} µs per customer in batches of 500, about {a_second:,.0f} a second on one core",
        ),
        ("Size", f"{manifest.onnx_bytes / 1000:,.1f} kB"),
        (
            "Reasons",
            "from the graph itself; they add up to the score"
            if manifest.has_reasons
            else "none: trained with --no-reasons",
        ),
        ("Training", f"{trained.seconds:,.0f} s in all"),
    ]
    return facts


def decision_facts(trained: TrainedModel) -> Facts:
    """Threshold and bands."""
    manifest = trained.manifest
    return [
        ("Threshold", f"{manifest.threshold:.6g} ({manifest.threshold_rule or trained.rule.words})"),
        ("Band medium", f"from {manifest.bands.medium:.6g}"),
        ("Band high", f"from {manifest.bands.high:.6g}"),
    ]


def reproduction_facts(trained: TrainedModel) -> Facts:
    """Everything that decides the graph's bytes."""
    manifest = trained.manifest
    facts = [
        ("Version", manifest.version),
        ("Graph, sha256", manifest.onnx_sha256),
        ("Training data, sha256", manifest.training_data.sha256),
        ("Seed", str(manifest.seed)),
    ]
    if manifest.recipe is not None:
        facts.insert(1, ("Recipe", f"{manifest.recipe.candidate}, {settings(manifest.recipe.params)}"))
    if manifest.validation:
        facts.append(("Validation", manifest.validation))
    return [*facts, ("Libraries", ", ".join(f"{name} {v}" for name, v in manifest.libraries.items()))]


def reproduction_command(trained: TrainedModel) -> str:
    """What a person types to get the same graph."""
    manifest = trained.manifest
    source = shlex.quote(printable(manifest.training_data.source, 400))
    return f"churn train --reproduce {manifest.version} --data {source}"


def settings(params: Any) -> str:
    """`penalty 10, bins 8`; a vote's members with theirs in brackets."""
    if not params:
        return "default settings"
    if "linear_params" in params:
        members = [f"{params[name]} ({settings(params[f'{name}_params'])})" for name in ("linear", "tree")]
        return " and ".join(members)
    return ", ".join(
        f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in params.items()
    )
