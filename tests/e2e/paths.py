"""What the end-to-end tests share: a served model, its fitted pipeline, and the deployed stack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3

from contract.inputs import columns_of, to_inputs
from contract.schema import FeatureSchema, load_schema
from infra.local.stage import LocalStage
from loadtest.deployment import Deployment
from producer.synthetic import customers
from scorer.objects import S3Objects
from scorer.read import ScoreReader, prediction_table
from scorer.rejected import RejectedStore
from training.data.dataset import Table, table_from_rows
from training.models.candidates import build
from training.models.encoding import learn_encoding, to_frame
from training.registry.registry import Registry
from training.result import TrainedModel
from training.workflow import train


@dataclass(frozen=True)
class Path:
    """One stack that serves a model, and the scikit-learn pipeline that the model must equal."""

    stage: LocalStage
    schema: FeatureSchema
    model: TrainedModel
    pipeline: Any

    def client(self, service: str) -> Any:
        return boto3.client(service, **self.stage.client_arguments())  # type: ignore[call-overload]

    def deployment(self) -> Deployment:
        return Deployment(
            dynamodb=self.client("dynamodb"),
            cloudwatch=self.client("cloudwatch"),
            table=self.stage.table,
            service=self.stage.stack,
            scores=ScoreReader(prediction_table(self.stage.table, **self.stage.client_arguments())),
            rejected=RejectedStore(S3Objects(self.client("s3"), self.stage.bucket), self.schema.name),
        )

    def probabilities(self, events: Iterable[bytes]) -> list[float]:
        """What scikit-learn says about the data of each event."""
        rows = [self._row(json.loads(event)["data"]) for event in events]
        frame = to_frame(to_inputs(columns_of(rows, self.schema), self.schema))
        return [float(p) for p in self.pipeline.predict_proba(frame)[:, 1]]

    def _row(self, data: Mapping[str, Any]) -> tuple[Any, ...]:
        return tuple(data.get(name) for name in self.schema.feature_names)


def serve(stage: LocalStage, *, rows: int = 2000, seed: int = 3) -> Path:
    """Train on synthetic customers, publish, promote; the scorer takes it at its next cold start or check."""
    schema = load_schema(stage.schema)
    table = table_from_rows(customers(schema.name, rows, seed), schema, "synthetic")
    model = train(table, schema, candidates=("logistic_bins",))
    path = Path(stage, schema, model, refit(model, table))
    registry = Registry(path.client("s3"), stage.bucket, schema.name)
    registry.publish(model)
    registry.promote(model.manifest.version, by="tests", reason="end to end")
    return path


def refit(model: TrainedModel, table: Table) -> Any:
    """The pipeline that `train` exported, fitted anew on the same rows."""
    recipe = model.manifest.recipe
    assert recipe
    pipeline = build(recipe.candidate, learn_encoding(table.inputs, model.schema), recipe.params, recipe.seed)
    return pipeline.fit(to_frame(table.inputs), table.labels)
