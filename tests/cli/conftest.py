"""`churn train` in this process, on a stage in memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.shop_stage import ShopStage, Train, shop_stage, train_command, write_shop
from training.data import splits
from training.export import parity
from training.result import TrainedModel


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> ShopStage:
    """The stage that the command finds."""
    found = shop_stage()
    monkeypatch.setattr("cli.train.resolve_stage", lambda *_: found)
    return found


@pytest.fixture
def train(
    stage: ShopStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Train:
    """The command, in a folder with the shop's table; five folds and few fuzz rows, where it really fits."""
    monkeypatch.setattr(splits, "REPEATS", 1)
    monkeypatch.setattr(parity, "FUZZ_ROWS", 500)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    write_shop(
        tmp_path,
        household=lambda number: f"h{number // 2}",
        joined=lambda number: f"2026-{1 + number % 10:02d}-01",
        region=lambda number: ("north", "south")[number % 2],
    )
    return train_command(monkeypatch, capsys)


@pytest.fixture
def asked(trained: TrainedModel, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command asks training for; it gets the shop's model, without fitting or drawing anything."""
    asked: dict[str, Any] = {}

    def fit(table: Any, schema: Any, seed: int, **settings: Any) -> TrainedModel:
        asked.update(settings, table=table, schema=schema, seed=seed)
        return trained

    monkeypatch.setattr("cli.train.fit", fit)
    monkeypatch.setattr("training.report.page.render_report", lambda _: b"<!doctype html>")
    return asked
