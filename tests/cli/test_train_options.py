"""Every option of `churn train` does what its help says, from the command line to what is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cli.shop_stage import ShopStage, Train, refused, stored

QUICK = "--candidates logistic --promote never --json"


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
    assert ended.err.count("\n") == 1
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
