"""`churn train --reproduce`: a version made again from its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cli.errors import GATE_NOT_MET
from cli.output import emit_json, note, show_facts
from cli.train_table import load

if TYPE_CHECKING:
    from cli.stage import Stage
    from training.registry.reproduce import Reproduction


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
        _show(found)
    if not found.same:
        raise typer.Exit(GATE_NOT_MET)


def _show(found: Reproduction) -> None:
    show_facts(
        [
            ("version", found.version),
            ("published", found.expected_sha256),  # within 80 columns
            ("made again", found.found_sha256),
            ("same", "yes, byte for byte" if found.same else "NO"),
        ]
    )
    for difference in found.differences:
        note(f"differs: {difference}")
