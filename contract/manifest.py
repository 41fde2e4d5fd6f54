"""What a model says about itself: everything needed to serve it, judge it and reproduce it."""

from __future__ import annotations

from typing import Any

import msgspec

from contract.errors import ManifestError, SchemaError
from contract.graph import OUTPUTS
from contract.schema import FeatureSchema, parse_schema

FORMAT_VERSION = 1
MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.json"


class Bands(msgspec.Struct, frozen=True, kw_only=True):
    """Lowest probabilities of the bands `medium` and `high`; below `medium` is `low`."""

    medium: float
    high: float

    def name_of(self, probability: float) -> str:
        """The band a probability falls into."""
        if probability >= self.high:
            return "high"
        return "medium" if probability >= self.medium else "low"


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """A figure over cross-validation folds."""

    mean: float
    std: float


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One model that was compared; the figures are out of fold.

    `ece.mean` is pooled over all folds. `difference` and `t` compare its ROC AUC with the chosen model's on
    the same folds (None for the chosen one itself). What is not `eligible` could not have been chosen.
    """

    name: str
    roc_auc: Spread
    pr_auc: Spread
    f1: Spread
    brier: Spread
    title: str = ""
    precision: Spread | None = None
    recall: Spread | None = None
    precision_top_10: Spread | None = None  # among the tenth of customers most at risk
    ece: Spread | None = None
    params: dict[str, Any] = {}
    baseline: bool = False
    eligible: bool = True
    not_eligible_because: str = ""
    difference: float | None = None
    t: float | None = None
    parity_max_abs_diff: float | None = None
    fit_seconds: float | None = None


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """What, with the same rows and libraries, gives the same graph byte for byte.

    A vote's params are `linear`, `linear_params`, `tree` and `tree_params`.
    """

    candidate: str
    params: dict[str, Any]
    seed: int


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Out-of-fold reliability: `ece` is the expected calibration error pooled over all folds (10 bins)."""

    ece: float
    mean_predicted: list[float]
    share_observed: list[float]
    count: list[int]


class TrainingData(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows a model was fitted on. `sha256` covers the cleaned features and labels, in order."""

    rows: int
    positives: int
    sha256: str
    source: str


class Histogram(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one feature was distributed in training, for drift.

    Numeric: `counts[i]` rows lie between `edges[i]` and `edges[i+1]`. Categorical: `counts[i]` rows hold
    `categories[i]`. `missing` rows hold nothing.
    """

    counts: list[int]
    missing: int
    edges: list[float] = []
    categories: list[str] = []


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One model version. Immutable once uploaded."""

    version: str
    created_at: str
    schema: dict[str, Any]
    categories: dict[str, list[str]]
    onnx_sha256: str
    onnx_bytes: int
    base_margin: float
    threshold: float
    bands: Bands
    chosen: str
    candidates: list[Candidate]
    metrics: dict[str, Spread]
    calibration: Calibration
    parity_max_abs_diff: float
    parity_rows: int
    training_data: TrainingData
    baseline: dict[str, Histogram]
    libraries: dict[str, str]
    seed: int
    recipe: Recipe | None = None
    threshold_rule: str = ""
    validation: str = ""  # which rows were judged by models that never saw them
    has_reasons: bool = True  # where not, the graph's contributions and reasons have width 0
    parity_flips: int | None = None  # decisions at the threshold that differ from the pipeline's
    format_version: int = FORMAT_VERSION
    outputs: tuple[str, ...] = OUTPUTS

    def feature_schema(self) -> FeatureSchema:
        """The schema this model was trained for. Raises ManifestError where it cannot be used."""
        try:
            return parse_schema(self.schema)
        except SchemaError as error:
            raise ManifestError(f"manifest of model {self.version}: {error}") from error


def encode_manifest(manifest: Manifest) -> bytes:
    """Readable JSON, the same bytes for the same manifest."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def decode_manifest(raw: bytes) -> Manifest:
    """Read a manifest, or raise ManifestError where it is broken or newer than this code."""
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"manifest: not readable ({error}); train or promote another version") from error
    if manifest.format_version != FORMAT_VERSION:
        raise ManifestError(
            f"manifest of model {manifest.version}: format {manifest.format_version}, this code reads "
            f"{FORMAT_VERSION}; deploy a matching scorer or promote another version"
        )
    missing = set(OUTPUTS) - set(manifest.outputs)
    if missing:
        raise ManifestError(f"manifest of model {manifest.version}: lacks the outputs {sorted(missing)}")
    return manifest
