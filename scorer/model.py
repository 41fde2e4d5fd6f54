"""A model that fits: its graph, its manifest, and rows turned into scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from contract.errors import ContractError
from contract.event import EventDecoder, parse_time
from contract.feature import Feature
from contract.graph import OUTPUTS, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from contract.inputs import columns_of, find_unseen, known_texts, to_inputs
from contract.manifest import Manifest
from contract.prediction import CONTRIBUTION_DECIMALS, PROBABILITY_DECIMALS
from contract.put import PutWriter, Scores
from contract.schema import FeatureSchema
from scorer.errors import ModelError

SCORE_OUTPUTS = [PROBABILITY, REASON_FEATURE, REASON_CONTRIBUTION]
ERRORS_ONLY = 3  # onnxruntime's log severity


class Model:
    """One loaded model version. Made by `load_model`, which refuses what does not fit."""

    def __init__(
        self, session: onnxruntime.InferenceSession, manifest: Manifest, schema: FeatureSchema
    ) -> None:
        self._session = session
        self._known = known_texts(manifest.categories)
        self._bands = manifest.bands
        self._has_reasons = manifest.has_reasons
        self.schema = schema
        self.version = manifest.version
        self.trained_ms = parse_time(manifest.created_at)
        self.decode = EventDecoder(schema).decode
        self.to_puts = PutWriter(manifest.version, schema.feature_names)

    def score(self, rows: Sequence[tuple[Any, ...]]) -> Scores:
        """Scores of rows (features in schema order), in order, from one run of the graph.

        A model trained without reasons gives none. Raises ModelError where the graph gives something that is
        not a number, not a probability, names no feature or has other reasons than its manifest says: a
        wrong score is worse than none.
        """
        if not rows:
            return Scores([], [], [], [], {})
        inputs = to_inputs(columns_of(rows, self.schema), self.schema)
        probability, feature, contribution = self._session.run(SCORE_OUTPUTS, inputs)
        self._check(len(rows), probability, feature, contribution)
        # Rounded before the band is chosen, so that a stored band always agrees with its stored probability.
        rounded = np.clip(probability[:, 0].astype(np.float64).round(PROBABILITY_DECIMALS), 0.0, 1.0)
        signed = contribution.astype(np.float64).round(CONTRIBUTION_DECIMALS) + 0.0  # no -0.0
        probabilities = (rounded + 0.0).tolist()
        return Scores(
            probabilities=probabilities,
            bands=list(map(self._bands.name_of, probabilities)),
            features=feature.T.tolist(),
            contributions=signed.T.tolist(),
            unseen=find_unseen(inputs, self._known),
        )

    def _check(
        self, rows: int, probability: NDArray[Any], feature: NDArray[Any], contribution: NDArray[Any]
    ) -> None:
        if probability.shape != (rows, 1):
            raise self._refusal(f"scores of shape {probability.shape} for {rows} rows")
        if len(feature) != rows or feature.shape != contribution.shape:
            raise self._refusal(f"reasons of shapes {feature.shape} and {contribution.shape} for {rows} rows")
        if not (np.isfinite(probability).all() and np.isfinite(contribution).all()):
            raise self._refusal("a score or reason that is not a number")
        if np.abs(probability - 0.5).max() > 0.5 + 10**-PROBABILITY_DECIMALS:
            raise self._refusal("a score that is no probability")
        if (feature.shape[1] > 0) != self._has_reasons:
            expected = "some" if self._has_reasons else "none"
            raise self._refusal(f"{feature.shape[1]} reasons a row, and its manifest says {expected}")
        if self._has_reasons and (feature.min() < 0 or feature.max() >= len(self.schema.features)):
            raise self._refusal(f"a reason that is none of its {len(self.schema.features)} features")

    def _refusal(self, given: str) -> ModelError:
        return ModelError(f"model {self.version}: gave {given}; run `churn models rollback`")


def load_model(onnx: bytes, manifest: Manifest) -> Model:
    """Open a graph and hold it against its manifest.

    Raises ModelError naming both sides where the bytes, the inputs, the outputs or a trial run disagree.
    """
    found = hashlib.sha256(onnx).hexdigest()
    if found != manifest.onnx_sha256:
        raise ModelError(
            f"model {manifest.version}: model.onnx has sha256 {found[:12]}…, its manifest says "
            f"{manifest.onnx_sha256[:12]}…; upload or promote another version"
        )
    try:
        schema = manifest.feature_schema()
        parse_time(manifest.created_at)
    except ContractError as error:
        raise ModelError(str(error)) from error
    except ValueError as error:
        raise ModelError(f"model {manifest.version}: created_at is not a time ({error})") from error
    session = _open(onnx, manifest.version)
    _check_graph(session, manifest, schema)
    model = Model(session, manifest, schema)
    _try_out(model)
    return model


def _open(onnx: bytes, version: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    try:
        return onnxruntime.InferenceSession(onnx, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's error types share no base class but Exception
        raise ModelError(f"model {version}: onnxruntime cannot open it ({type(error).__name__})") from error


def _check_graph(session: onnxruntime.InferenceSession, manifest: Manifest, schema: FeatureSchema) -> None:
    expected = {
        feature.name: "tensor(string)" if feature.is_categorical else "tensor(float)"
        for feature in schema.features
    }
    found = {entry.name: entry.type for entry in session.get_inputs()}
    if found != expected:
        wrong = sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))[:3]
        told = "; ".join(
            f"{n}: graph {found.get(n, 'none')}, schema {expected.get(n, 'none')}" for n in wrong
        )
        raise ModelError(f"model {manifest.version}: inputs differ from its schema ({told})")
    lacking = set(OUTPUTS) - {entry.name for entry in session.get_outputs()}
    if lacking:
        raise ModelError(f"model {manifest.version}: the graph lacks the outputs {sorted(lacking)}")
    strangers = set(manifest.categories) - {feature.name for feature in schema.categorical}
    if strangers:
        raise ModelError(
            f"model {manifest.version}: categories are given for {sorted(strangers)}, "
            "which are no categorical features of its schema"
        )


def _try_out(model: Model) -> None:
    """Run two rows, so that a graph that cannot run is refused now, and the first batch is not slow."""
    row = tuple(_likely_value(feature) for feature in model.schema.features)
    try:
        model.score([row, row])
    except ModelError:
        raise
    except Exception as error:  # as in _open
        raise ModelError(
            f"model {model.version}: trial rows do not run ({type(error).__name__}: {str(error)[:120]})"
        ) from error


def _likely_value(feature: Feature) -> Any:
    return feature.enum[0] if feature.is_categorical else min(max(feature.minimum, 0.0), feature.maximum)
