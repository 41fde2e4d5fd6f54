"""What `churn loadtest` shows to people."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cli.output import note, show_facts, show_table

if TYPE_CHECKING:
    from loadtest.conduct import Conducted
    from loadtest.gates import Verdict
    from loadtest.locust_results import Requests
    from loadtest.saturation import Finding


def show(done: Conducted, verdicts: Sequence[Verdict], found: Sequence[Finding], folder: Path) -> None:
    """Requests, the account, the gates, and what was at its limit."""
    measured = done.measured
    show_table(
        ["request", "count", "failed", "p50 ms", "p95 ms", "p99 ms", "worst ms", "mean size"],
        [_row(name, row) for name, row in measured.requests.items() if name != "Aggregated"],
    )
    account = measured.account
    per_write = measured.events_per_write
    show_facts(
        [
            ("published", f"{account.published:,} events, {measured.achieved_share:.1%} of what was asked"),
            ("  written", f"{account.written:,}"),
            ("  collapsed", f"{account.collapsed:,}"),
            ("  rejected, missing", f"{account.rejected:,}, {account.missing:,}"),
            ("events per write", "–" if per_write is None else f"{per_write:.2f}"),
            ("published per second", f"{measured.published_per_second:,.0f}, while publishing"),
            ("events per second", f"{measured.events_per_second:,.0f}, first put to last score"),
            ("cores", ", ".join(_cores(done)) or "–"),
            ("report", f"{folder / 'report.html'}"),
        ]
    )
    show_table(
        ["gate", "measured", "limit", "met"],
        [
            [
                verdict.kind.name,
                "not measured"
                if verdict.measured is None
                else f"{verdict.measured:,.0f} {verdict.kind.unit}",
                f"{verdict.kind.bound} {verdict.limit:,.0f}",
                "yes" if verdict.met else "NO",
            ]
            for verdict in verdicts
        ],
    )
    show_facts([(verdict.kind.name, verdict.kind.how) for verdict in verdicts], title="\nHow it was measured")
    for finding in found:
        note(f"at its limit: {finding.what}: {finding.evidence}")


def _cores(done: Conducted) -> list[str]:
    generator = done.measured.generator
    return [
        f"generator {generator.cores:.2f} (loop {generator.loop_late_p99_ms:.0f} ms late at p99)",
        *(f"{name} {cores:.2f}" for name, cores in done.cores.items()),
    ]


def _row(name: str, row: Requests) -> list[object]:
    times = ["–" if value is None else f"{value:.0f}" for value in (row.p50, row.p95, row.p99, row.worst)]
    return [name, row.count, row.failures, *times, f"{row.mean_size:.1f}"]
