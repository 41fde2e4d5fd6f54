"""What `churn train` shows fits a terminal, and a full disk takes no model with it."""

from __future__ import annotations

import dataclasses
import io
from pathlib import Path

import pytest
from msgspec.structs import replace
from rich.console import Console

from cli import output
from cli.errors import CommandError
from cli.train import write_files
from cli.train_show import show_trained
from training.models.candidates import CANDIDATES
from training.registry.release import Release
from training.result import TrainedModel

TERMINAL = 80  # columns


def test_each_candidate_is_one_line_of_a_terminal(
    trained: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In 80 columns, however long its name and however far it is behind."""
    screen = io.StringIO()
    monkeypatch.setattr(output, "RESULTS", Console(file=screen, width=TERMINAL))
    manifest = trained.manifest
    chosen = next(each for each in manifest.candidates if each.name == manifest.chosen)
    many = [*manifest.candidates, *(replace(chosen, name=name, t=-1234.5) for name in CANDIDATES)]
    shown = dataclasses.replace(trained, manifest=replace(manifest, candidates=many, chosen="none"))
    show_trained(shown, Release("v", False, "policy never"))
    lines = screen.getvalue().splitlines()
    assert chosen.precision_top_10
    for name in CANDIDATES:
        (line,) = [line for line in lines if line.startswith(f"{name} ") and "-1234 " in line]
        assert f"{chosen.roc_auc.mean:.4f} ±" in line
        assert f"{chosen.precision_top_10.mean:.3f}" in line


def test_a_full_disk_takes_no_model_with_it(trained: TrainedModel, tmp_path: Path) -> None:
    """Files are written when the model is published: the line says so, and names the way to its report."""
    write_files(trained, b"page", tmp_path / "report.html", None)
    assert (tmp_path / "report.html").read_bytes() == b"page"
    with pytest.raises(CommandError, match=r"No space left.*is published.*churn models report"):
        write_files(trained, b"page", Path("/dev/full"), None)
