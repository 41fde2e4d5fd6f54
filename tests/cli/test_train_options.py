"""Every option of `churn train` does what its help says, from the command line to what is published."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contract.champion import manifest_key
from contract.manifest import decode_manifest
from tests.cli.shop_stage import Ended, ShopStage, Train, shop_stage, train_command, write_shop
from tests.training.registry.fake_s3 import error
from training.data import splits
from training.export import parity
from training.result import TrainedModel

ONE_LINE = re.compile(r"\Achurn: [^\n]+\n\Z")
QUICK = "--candidates logistic --promote never --json"


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


def stored(stage: ShopStage, version: str) -> Any:
    return decode_manifest(stage.s3.objects[manifest_key("shop", version)])


def refused(ended: Ended, exit_code: int, *says: str) -> None:
    assert (ended.exit_code, ended.out) == (exit_code, ""), ended.err
    last = ended.err.splitlines()[-1]
    assert last.startswith("churn: ")
    for words in says:
        assert words in last


def test_costs_groups_and_slices_reach_the_published_model(train: Train, stage: ShopStage) -> None:
    """Threshold rule, validation and the column to look at are in the manifest and the report."""
    options = "--cost-missed 400 --cost-contact 25 --group household --slice region --report page.html"
    printed = train(f"{QUICK} {options}").document
    manifest = stored(stage, printed["version"])
    assert printed["threshold_rule"] == "lowest cost, 400 per missed churner and 25 per contact"
    assert printed["validation"].endswith("each household on one side only")
    assert (manifest.threshold_rule, manifest.validation) == (
        printed["threshold_rule"],
        printed["validation"],
    )
    assert printed["threshold"] < 0.3  # missing costs 16 times a contact
    page = Path("page.html").read_bytes()
    assert stage.s3.objects[f"models/shop/versions/{printed['version']}/report.html"] == page
    assert b"north" in page
    assert b"400 for each missed leaver" in page


def test_time_and_recall_reach_the_published_model(train: Train, stage: ShopStage) -> None:
    """Later rows are judged by models of earlier ones, and enough churners are found."""
    printed = train(f"{QUICK} --time joined --min-recall 0.9").document
    manifest = stored(stage, printed["version"])
    assert manifest.validation == "5 periods by joined, each judged by models of all earlier rows"
    assert manifest.threshold_rule == "recall of at least 90%"
    assert printed["metrics"]["recall"]["mean"] > 0.8


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("", {"candidates": None, "seed": 0, "budget_minutes": 10.0, "jobs": 0, "strict": False}),
        ("", {"allow_no_reasons": False, "slices": ()}),
        ("--candidates sgd,logistic", {"candidates": ("sgd", "logistic")}),
        ("--budget 2.5 --jobs 3 --seed 7", {"budget_minutes": 2.5, "jobs": 3, "seed": 7}),
        ("--strict --no-reasons", {"strict": True, "allow_no_reasons": True}),
        ("--slice region --slice plan", {"slices": ["region", "plan"]}),
    ],
)
def test_what_is_typed_is_what_training_is_asked_for(
    options: str, expected: dict[str, Any], train: Train, asked: dict[str, Any]
) -> None:
    """And nothing else without being typed."""
    assert train(f"--promote never {options}").exit_code == 0
    assert {name: asked[name] for name in expected} == expected


def test_a_large_table_is_sampled_as_asked(train: Train, asked: dict[str, Any]) -> None:
    """With the columns that options name read along."""
    train("--promote never --max-rows 150 --group household --time joined --slice region")
    table = asked["table"]
    assert (table.rows, table.total_rows) == (150, 400)
    assert (len(table.groups), len(table.times), list(table.extras)) == (150, 150, ["region"])


@pytest.mark.parametrize("option", ["group", "time", "slice"])
def test_a_column_that_is_not_there_ends_before_anything_is_fitted(
    option: str, train: Train, asked: dict[str, Any]
) -> None:
    """One line with the columns that are."""
    ended = train(f"--{option} regoin")
    refused(ended, 1, "no column 'regoin'", "household, joined, region")
    assert ONE_LINE.match(ended.err)
    assert not asked


def test_strict_stops_at_a_leak_before_anything_is_fitted(
    train: Train, stage: ShopStage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 3, each finding on a line of its own, nothing published."""
    monkeypatch.setattr("training.workflow.compare", None)
    text = (tmp_path / "shop.csv").read_text().splitlines()
    leaky = [line.split(",") for line in text[1:]]
    position = text[0].split(",").index("months"), text[0].split(",").index("left")
    for cells in leaky:
        cells[position[0]] = "500" if cells[position[1]] == "yes" else "1"
    (tmp_path / "shop.csv").write_text("\n".join([text[0], *(",".join(cells) for cells in leaky)]))
    ended = train("--strict")
    refused(ended, 3, "shop.csv: ", "under --strict")
    assert any(line.startswith("data: months: ") for line in ended.err.splitlines())
    assert stage.s3.objects == {}


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
    assert ONE_LINE.match(ended.err)
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
