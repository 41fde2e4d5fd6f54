"""What a careful person would notice in a table before trusting a model of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from contract.schema import FeatureSchema
from training.data import feature_quality
from training.data.dataset import Table
from training.data.times import is_date
from training.wording import counted, quoted

LEAK = feature_quality.LEAK
RARE_CLASS = 0.05  # share of rows


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation and what to do about it, in one line. `check` names the kind, for filters and tests.

    `strict` says whether `--strict` refuses to train because of it.
    """

    check: str
    column: str
    message: str
    strict: bool = True


def check_quality(table: Table, schema: FeatureSchema) -> list[Finding]:
    """Every finding on a table, rows first, then feature by feature in schema order."""
    found = [*_sampled(table), *_skipped(table), *_duplicates(table, schema), *_balance(table, schema)]
    for feature in schema.features:
        remarks = feature_quality.check_feature(feature, table.inputs[feature.name][:, 0], table.labels)
        found += [Finding(r.check, feature.name, f"{feature.name}: {r.text}", r.strict) for r in remarks]
    return found


def strict_failures(findings: Iterable[Finding]) -> list[Finding]:
    """The findings for which `--strict` refuses to train."""
    return [finding for finding in findings if finding.strict]


def _sampled(table: Table) -> Iterator[Finding]:
    if table.rows < table.total_rows:
        yield Finding(
            "sampled",
            "",
            f"{table.total_rows:,} rows: a random sample of {table.rows:,} was used; figures hardly change "
            "with more, and --max-rows takes more",
            strict=False,
        )


def _skipped(table: Table) -> Iterator[Finding]:
    skipped = table.skipped
    for reason, count in skipped.by_reason.items():
        lines = ", ".join(map(str, skipped.first_lines[reason]))
        more = ", …" if count > len(skipped.first_lines[reason]) else ""
        example = skipped.examples.get(reason, "")
        such = f", such as {quoted(example)}" if example.strip() else ""
        do = f"correct or remove {'it' if count == 1 else 'them'}"
        if is_date(example):
            do = "turn dates into a number such as days since"
        yield Finding(
            "skipped",
            reason.partition(":")[0],
            f"{reason}{such}: {counted(count, 'row')} left out (line {lines}{more}); {do}",
        )


def _duplicates(table: Table, schema: FeatureSchema) -> Iterator[Finding]:
    """Customers with several rows, unless splits keep these on one side."""
    first: dict[str, int] = {}
    repeated, apart, contradicted = set(), False, set()
    groups = table.groups
    for row, customer in enumerate(table.ids):
        before = first.setdefault(customer, row)
        if before != row:
            repeated.add(customer)
            apart = apart or groups is None or groups[before] != groups[row]
            if table.labels[before] != table.labels[row]:
                contradicted.add(customer)
    if not repeated or not apart:
        return
    both = f", {len(contradicted)} of them with both labels" if contradicted else ""
    yield Finding(
        "duplicates",
        schema.id_column,
        f"{schema.id_column}: {counted(len(repeated), 'customer appears', 'customers appear')} more than "
        f"once{both}; a customer in both training and test rows flatters the figures, so keep one row each, "
        f"or split with --group {schema.id_column}",
    )


def _balance(table: Table, schema: FeatureSchema) -> Iterator[Finding]:
    share = float(np.mean(table.labels))
    if min(share, 1 - share) < RARE_CLASS:
        yield Finding(
            "balance",
            schema.label_column,
            f"{schema.label_column}: {share:.1%} of rows are positive; figures on so few cases are "
            "uncertain, so look at PR AUC and add rows of the rarer kind",
        )
