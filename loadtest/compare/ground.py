"""What all contestants stand on: one embedded AWS, and a folder for each with the same trained model."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib

from loadtest.peers.pure_python import weights_of
from training.registry.registry import Registry
from training.registry.release import release
from training.result import TrainedModel

PROJECT = Path(__file__).resolve().parents[2]
PEERS = PROJECT / "loadtest" / "peers"
MODEL, GRAPH, WEIGHTS, SETTINGS = "model.joblib", "model.onnx", "weights.json", "settings.json"


@dataclass(frozen=True)
class Ground:
    """A deployed local stage: names, process ids, and how to reach it.

    `environment` is that of a process that shall talk to this AWS and to no other; `python` is the
    interpreter that the peers run in; `folder` is where they may write.
    """

    client: Callable[[str], Any]
    endpoint_url: str
    environment: Mapping[str, str]
    emulator: int
    event_source: int
    stream: str
    table: str
    bucket: str
    function: str
    python: Path
    folder: Path

    def serve(self, trained: TrainedModel) -> None:
        """Make `trained` the model that the deployed scorer serves."""
        registry = Registry(self.client("s3"), self.bucket, trained.schema.name)
        release(registry, trained, "always", by="compare")

    def table_like_ours(self, name: str) -> str:
        """A new table of the same keys, index and billing as the scorer's, and its name."""
        dynamodb = self.client("dynamodb")
        ours = dynamodb.describe_table(TableName=self.table)["Table"]
        table = f"{self.table}-{name}"
        dynamodb.create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=ours["AttributeDefinitions"],
            KeySchema=ours["KeySchema"],
            GlobalSecondaryIndexes=[
                {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
                for index in ours["GlobalSecondaryIndexes"]
            ],
        )
        return table

    def drop(self, table: str) -> None:
        """Forget a table that was made here."""
        self.client("dynamodb").delete_table(TableName=table)

    def lay_out(self, name: str, trained: TrainedModel, **settings: str) -> Path:
        """A contestant's own folder with the model as pipeline, graph and weights, and its settings."""
        folder = self.folder / name
        folder.mkdir(parents=True)
        joblib.dump(trained.pipeline, folder / MODEL)
        (folder / GRAPH).write_bytes(trained.onnx)
        (folder / WEIGHTS).write_text(weights_of(trained.pipeline, trained.schema))
        bands = trained.manifest.bands
        facts = {"version": trained.manifest.version, "medium": bands.medium, "high": bands.high}
        (folder / SETTINGS).write_text(json.dumps({**facts, **settings}))
        return folder
