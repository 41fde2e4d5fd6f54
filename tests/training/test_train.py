"""The whole of training, on a small table."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest

from contract.manifest import decode_manifest, encode_manifest
from tests.training.tables import SHOP, shop_rows
from tests.training.trainings import Watched
from training.data.dataset import Table, table_from_rows
from training.data.describe import describe
from training.errors import CandidateError
from training.workflow import TrainedModel, train


def test_the_manifest_says_what_the_model_is(trained: TrainedModel, shop: Table) -> None:
    """Sha256, rows, categories, bands and library versions are those of this training."""
    manifest = trained.manifest
    assert manifest.onnx_sha256 == hashlib.sha256(trained.onnx).hexdigest()
    assert manifest.onnx_bytes == len(trained.onnx)
    assert manifest.version.endswith(manifest.onnx_sha256[:8])
    assert manifest.training_data.rows == shop.rows
    assert manifest.training_data.positives == int(shop.labels.sum())
    assert manifest.categories == {
        "plan": ["basic", "plus", "pro"],
        "senior": ["0", "1"],
        "app": ["false", "true"],
    }
    assert manifest.threshold == manifest.bands.medium <= manifest.bands.high
    assert manifest.metrics["roc_auc"].mean > 0.75
    assert manifest.libraries["scikit-learn"]
    assert decode_manifest(encode_manifest(manifest)) == manifest
    assert manifest.feature_schema() == SHOP


def test_the_baseline_counts_every_row_once(trained: TrainedModel, shop: Table) -> None:
    """Each feature's histogram and its missing rows add up to the table."""
    baseline = trained.manifest.baseline
    assert list(baseline) == list(SHOP.feature_names)
    for histogram in baseline.values():
        assert sum(histogram.counts) + histogram.missing == shop.rows
    months = shop.inputs["months"][:, 0]
    numpy_counts, _ = np.histogram(months, bins=baseline["months"].edges)
    assert baseline["months"].counts == numpy_counts.tolist()


def test_the_fingerprint_changes_with_a_single_cell_or_label() -> None:
    """Training data is identified by its content."""
    rows = shop_rows(100)
    changed_cell = [{**rows[0], "spend": 1.25}, *rows[1:]]
    changed_label = [{**rows[0], "left": "no" if rows[0]["left"] == "yes" else "yes"}, *rows[1:]]
    prints = {
        describe(table_from_rows(each, SHOP, "x"), SHOP).sha256
        for each in (rows, changed_cell, changed_label)
    }
    assert len(prints) == 3


def test_the_better_candidate_is_chosen_on_the_same_folds(several: TrainedModel) -> None:
    """Churn that is high at both ends of a number needs bins; a straight line is told apart and loses."""
    straight, bent, *_ = (each for each in several.manifest.candidates if not each.baseline)
    assert (straight.name, bent.name, several.manifest.chosen) == (
        "logistic",
        "logistic_bins",
        "logistic_bins",
    )
    assert bent.roc_auc.mean > straight.roc_auc.mean + 0.2
    assert straight.t is not None
    assert straight.t < -2


def test_the_summary_is_json_of_the_agreed_shape(trained: TrainedModel) -> None:
    """What `churn train --json` prints has the fields that DESIGN names."""
    summary = json.loads(json.dumps(trained.summary()))
    assert {
        "version", "schema", "rows", "candidates", "chosen", "metrics", "threshold", "bands",
        "parity_max_abs_diff", "onnx_sha256", "seconds",
    } <= set(summary)  # fmt: skip
    names = [candidate["name"] for candidate in summary["candidates"]]
    assert names == ["majority", "one_feature", "logistic_bins"]
    for candidate in summary["candidates"]:
        assert {"name", "roc_auc", "pr_auc", "f1", "brier", "precision_top_10", "ece"} <= set(candidate)
        assert set(candidate["roc_auc"]) == {"mean", "std"}


def test_progress_rises_to_its_total(watched: Watched) -> None:
    """A progress bar never goes back, keeps its total, and ends full."""
    done, totals, _ = zip(*watched.steps, strict=True)
    assert list(done) == sorted(done)
    assert set(totals) == {done[-1]}
    assert watched.steps[-1][2] == "chose logistic_bins"


@pytest.mark.parametrize("names", [[], ["forest"]])
def test_an_unknown_or_empty_choice_is_one_line(shop: Table, names: list[str]) -> None:
    """The message names what may be chosen."""
    with pytest.raises(CandidateError):
        train(shop, SHOP, candidates=names)


def test_importing_the_package_stays_cheap() -> None:
    """`churn --help` must not wait for scikit-learn or pandas."""
    modules = "{'sklearn', 'pandas', 'onnx'}"
    code = f"import sys, training.registry.registry; print(*{modules}.intersection(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == ""
