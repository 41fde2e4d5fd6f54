"""What `churn train` leaves behind: a version, whole or not at all, a champion, and those who were told."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract.champion import manifest_key
from tests.cli.shop_stage import ShopStage, Train, refused, stored
from tests.training.registry.fake_s3 import error
from training.result import TrainedModel


@pytest.mark.parametrize(
    ("policy", "promoted", "events"),
    [("auto", True, ["promoted"]), ("always", True, ["promoted"]), ("never", False, [])],
)
def test_the_first_model_serves_unless_never(
    policy: str, promoted: bool, events: list[str], train: Train, stage: ShopStage, asked: dict[str, Any]
) -> None:
    """People hear of what changed what serves."""
    printed = train(f"--promote {policy} --json").document
    assert printed["promoted"] is promoted
    assert stage.sns.events == events
    assert stage.registry().serving() == (printed["version"] if promoted else None)


def test_people_hear_of_a_model_that_was_kept(
    train: Train, stage: ShopStage, asked: dict[str, Any], trained: TrainedModel
) -> None:
    """A champion that is as good stays, and the notice says why."""
    before = msgspec.structs.replace(trained.manifest, version="before")
    registry = stage.registry()
    registry.publish(dataclasses.replace(trained, manifest=before))
    registry.promote("before", by="dana", reason="the first")
    printed = train("--promote auto --json").document
    assert (printed["promoted"], stage.sns.events) == (False, ["kept"])
    assert printed["promotion"] in stage.sns.sent[0]["Message"]
    assert registry.serving() == "before"


@pytest.mark.parametrize("file", ["model.onnx", "report.html", "rows.bin", "manifest.json"])
def test_where_s3_refuses_half_way_nothing_is_published(
    file: str, train: Train, stage: ShopStage, asked: dict[str, Any]
) -> None:
    """One line, no version, no champion, no news."""

    def refuse(key: str) -> None:
        if key.endswith(file):
            raise error("SlowDown", 503, "PutObject")

    stage.s3.before_put = refuse
    ended = train("--promote always --report page.html")
    refused(ended, 1, file, "SlowDown")
    assert ended.err.count("\n") == 1
    assert stage.registry().versions() == []
    assert stage.registry().serving() is None
    assert stage.sns.sent == []
    assert not Path("page.html").exists()


@pytest.fixture
def published(stage: ShopStage, trained: TrainedModel) -> str:
    """A version that was trained on the very rows of the table."""
    stage.registry().publish(trained)
    return trained.manifest.version


def test_a_version_is_made_again_from_its_table(train: Train, stage: ShopStage, published: str) -> None:
    """The same sha256, exit 0; nothing more is published."""
    before = dict(stage.s3.objects)
    printed = train(f"--reproduce {published} --json").document
    assert printed["same"] is True
    assert printed["found_sha256"] == printed["expected_sha256"]
    assert stage.s3.objects == before


def test_another_graph_is_exit_3(train: Train, stage: ShopStage, trained: TrainedModel) -> None:
    """With both hashes, so that one can look for what differs."""
    other = msgspec.structs.replace(trained.manifest, version="other", onnx_sha256="0" * 64)
    stage.s3.objects[manifest_key("shop", "other")] = msgspec.json.encode(other)
    ended = train("--reproduce other")
    assert ended.exit_code == 3
    assert "NO" in ended.out
    assert trained.manifest.onnx_sha256 in ended.out


def test_other_rows_are_one_line_and_exit_1(train: Train, published: str, tmp_path: Path) -> None:
    """Both counts are named, and nothing is fitted."""
    table = tmp_path / "shop.csv"
    table.write_text("\n".join(table.read_text().splitlines()[:-10]))
    refused(train(f"--reproduce {published}"), 1, "trained on other rows", "390 rows", "400 rows")


def test_mlflow_is_told_where_its_address_is_set(
    train: Train, asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A note says where, and stdout stays one document."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", (tmp_path / "runs").as_uri())
    ended = train("--promote never --json")
    assert ended.document["promoted"] is False
    assert "MLflow: " in ended.err
    assert (tmp_path / "runs").is_dir()


def test_mlflow_that_is_down_costs_a_note(
    train: Train, stage: ShopStage, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model is published all the same."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    ended = train("--promote never --json")
    assert "not tracked: MLflow at http://127.0.0.1:9" in ended.err
    assert stored(stage, ended.document["version"])


def test_an_address_without_mlflow_ends_before_anything_is_fitted(
    train: Train, asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what to install."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr("training.tracking.track.find_spec", lambda _: None)
    refused(train(), 1, "pip install 'churn-stream[mlflow]'")
    assert not asked
