"""The figures to reach on the real Telco table."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from contract.schema import load_schema, parse_schema
from training.data.dataset import read_table
from training.data.infer import infer_schema
from training.data.quality import check_quality
from training.workflow import TrainedModel, train


@pytest.fixture(scope="module")
def telco(telco_csv: Path) -> TrainedModel:
    schema = load_schema("telco")
    return train(read_table(telco_csv, schema), schema)


def test_the_table_is_read_whole_with_blank_totals_missing(telco_csv: Path) -> None:
    """7,043 customers, none skipped; the 11 blank TotalCharges are missing, not errors."""
    table = read_table(telco_csv, load_schema("telco"))
    assert (table.rows, int(table.labels.sum()), table.skipped.count) == (7043, 1869, 0)
    assert int((table.inputs["TotalCharges"] != table.inputs["TotalCharges"]).sum()) == 11
    assert check_quality(table, load_schema("telco")) == []


def test_quality_reaches_its_figures(telco: TrainedModel) -> None:
    """5×3 cross-validated ROC AUC ≥ .847, F1 ≥ .630, pooled ECE ≤ .015; bins beat the straight line."""
    manifest = telco.manifest
    assert manifest.chosen == "logistic_bins"
    assert manifest.metrics["roc_auc"].mean >= 0.847
    assert manifest.metrics["f1"].mean >= 0.630
    assert manifest.calibration.ece <= 0.015


def test_the_graph_is_small_faithful_and_quickly_made(telco: TrainedModel) -> None:
    """At most 50 KB, parity within 1e-6 over data, edges and fuzz, and 30 s for the whole of it."""
    assert len(telco.onnx) <= 50_000
    assert telco.manifest.parity_max_abs_diff <= 1e-6
    assert telco.manifest.parity_rows >= 7043 + 20_000
    assert telco.seconds <= 30


def test_the_inferred_schema_trains_as_well_as_the_hand_written_one(
    telco_csv: Path, telco: TrainedModel
) -> None:
    """`churn schema infer` gives something usable at once."""
    schema = parse_schema(infer_schema(telco_csv).document)
    started = time.perf_counter()
    model = train(read_table(telco_csv, schema), schema, candidates=["logistic_bins"])
    assert time.perf_counter() - started <= 30
    assert schema.feature_names == load_schema("telco").feature_names
    assert model.manifest.metrics["roc_auc"].mean == pytest.approx(
        telco.manifest.metrics["roc_auc"].mean, abs=0.002
    )
