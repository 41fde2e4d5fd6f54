"""A model that fits: its graph, its manifest, and rows turned into scores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from contract.errors import ContractError
from contract.event import Event, EventDecoder, format_time, parse_time
from contract.feature import Feature
from contract.graph import OUTPUTS, PROBABILITY, REASON_CONTRIBUTION, REASON_FEATURE
from contract.inputs import Inputs, columns_of, find_unseen, to_inputs
from contract.manifest import Manifest
from contract.prediction import (
    CONTRIBUTION_DECIMALS,
    PROBABILITY_DECIMALS,
    Prediction,
    Reason,
    event_key,
)
from contract.schema import FeatureSchema
from scorer.errors import ModelError

SCORE_OUTPUTS = [PROBABILITY, REASON_FEATURE, REASON_CONTRIBUTION]
SECONDS_PER_DAY = 86_400
ERRORS_ONLY = 3  # onnxruntime's log severity


class Score(NamedTuple):
    """What a model says about one row. `probability` is in [0, 1], rounded as it is stored."""

    probability: float
    band: str
    reasons: tuple[Reason, ...]
    unseen: tuple[str, ...]


class Model:
    """One loaded model version. Made by `load_model`, which refuses what does not fit."""

    def __init__(
        self, session: onnxruntime.InferenceSession, manifest: Manifest, schema: FeatureSchema
    ) -> None:
        self._session = session
        self._categories = manifest.categories
        self._bands = manifest.bands
        self._has_reasons = manifest.has_reasons
        self._names = schema.feature_names
        self.schema = schema
        self.version = manifest.version
        self.trained_ms = parse_time(manifest.created_at)
        self.decode = EventDecoder(schema)

    def predict(self, events: Sequence[Event], *, scored_at_ms: int, retention_days: int) -> list[Prediction]:
        """One Prediction per event, in order, from one run of the graph. Raises ModelError as `score`."""
        scores = self.score([event.values for event in events])
        scored_at = format_time(scored_at_ms)
        expires_at = scored_at_ms // 1000 + retention_days * SECONDS_PER_DAY
        predictions = []
        for event, score in zip(events, scores, strict=True):
            key = event_key(event.time_ms, event.event_id)
            prediction = Prediction(
                customer_id=event.customer_id,
                event_key=key,
                probability=score.probability,
                band=score.band,
                reasons=score.reasons,
                unseen=score.unseen,
                model_version=self.version,
                event_time=key.partition("#")[0],  # formatting a time costs more than scoring the event
                scored_at=scored_at,
                expires_at=expires_at,
            )
            predictions.append(prediction)
        return predictions

    def score(self, rows: Sequence[tuple[Any, ...]]) -> list[Score]:
        """One Score per row (features in schema order), in order, from one run of the graph.

        A model trained without reasons gives none. Raises ModelError where the graph gives something that is
        not a number, names no feature or has other reasons than its manifest says: a wrong score is worse
        than none.
        """
        if not rows:
            return []
        inputs = to_inputs(columns_of(rows, self.schema), self.schema)
        unseen = find_unseen(inputs, self._categories)
        probabilities, features, contributions = self.run(inputs)
        band_of, names = self._bands.name_of, self._names
        return [
            Score(
                probability,
                band_of(probability),
                tuple(Reason(names[i], c) for i, c in zip(row_features, row_contributions, strict=True)),
                unseen.get(row, ()),
            )
            for row, (probability, row_features, row_contributions) in enumerate(
                zip(probabilities, features, contributions, strict=True)
            )
        ]

    def run(self, inputs: Inputs) -> tuple[list[float], list[list[int]], list[list[float]]]:
        """Probabilities (n), reason features (n × k) and reason contributions (n × k), checked."""
        probability, feature, contribution = self._session.run(SCORE_OUTPUTS, inputs)
        if not (np.isfinite(probability).all() and np.isfinite(contribution).all()):
            raise self._refusal("a score or reason that is not a number")
        if (feature.shape[1] > 0) != self._has_reasons:
            expected = "some" if self._has_reasons else "none"
            raise self._refusal(f"{feature.shape[1]} reasons a row, and its manifest says {expected}")
        if self._has_reasons and (feature.min() < 0 or feature.max() >= len(self._names)):
            raise self._refusal(f"a reason that is none of its {len(self._names)} features")
        # Rounded before the band is chosen, so that a stored band always agrees with its stored probability.
        rounded = np.clip(probability[:, 0].astype(np.float64).round(PROBABILITY_DECIMALS), 0.0, 1.0)
        signed = contribution.astype(np.float64).round(CONTRIBUTION_DECIMALS)
        return rounded.tolist(), feature.tolist(), signed.tolist()

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
    """Run one row, so that a graph that cannot run is refused now, and the first batch is not slow."""
    row = tuple(_likely_value(feature) for feature in model.schema.features)
    try:
        model.score([row])
    except ModelError:
        raise
    except Exception as error:  # as in _open
        raise ModelError(
            f"model {model.version}: a trial row does not run ({type(error).__name__}: {str(error)[:120]})"
        ) from error


def _likely_value(feature: Feature) -> Any:
    return feature.enum[0] if feature.is_categorical else min(max(feature.minimum, 0.0), feature.maximum)
