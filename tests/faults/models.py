"""Model versions for a registry of the rig's own, good and broken, and what each of them must answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime

from contract.champion import Champion, champion_key, encode_champion, manifest_key, model_key
from contract.manifest import encode_manifest
from tests.faults.traffic import Row
from tests.scorer.graphs import SCHEMA_DOCUMENT, tiny_graph, tiny_manifest

BROKEN = ("missing", "cut", "corrupt", "wrong schema", "wrong inputs", "manifest missing", "manifest cut")


class Registry:
    """The objects of one schema's models in a bucket; knows every version that can serve."""

    def __init__(self, s3: Any, bucket: str, schema: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self.schema = schema
        self._made = 0
        self.serving = ""  # the last good champion
        self._graphs: dict[str, bytes] = {}
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    def promote(self) -> str:
        """Upload another version, which scores like no other, and make it the champion."""
        self._made += 1
        version = f"v{self._made}"
        graph = tiny_graph(base=-1.0 + 0.37 * (self._made % 7))
        self._graphs[version] = graph
        self._upload(version, graph, self._manifest(version, graph))
        self._point(version)
        self.serving = version
        return version

    def promote_broken(self, kind: str) -> None:
        """Make a version the champion that cannot serve; the pointer names its predecessor, as always."""
        self._made += 1
        version = f"v{self._made}"
        graph = tiny_graph(rename={"tenure": "years"}) if kind == "wrong inputs" else tiny_graph(base=3.0)
        manifest = self._manifest(version, graph)
        if kind == "wrong schema":
            manifest = self._manifest(version, graph, schema="another")
        if kind == "cut":
            graph = graph[: len(graph) // 2]
        if kind == "corrupt":
            graph = graph[:100] + bytes([graph[100] ^ 1]) + graph[101:]
        self._upload(version, graph, manifest[: len(manifest) // 2] if kind == "manifest cut" else manifest)
        if kind == "missing":
            self._s3.delete_object(Bucket=self._bucket, Key=model_key(self.schema, version))
        if kind == "manifest missing":
            self._s3.delete_object(Bucket=self._bucket, Key=manifest_key(self.schema, version))
        self._point(version)

    def restore(self) -> None:
        """Roll back to the last version that can serve."""
        self._point(self.serving)

    def spoil_pointer(self, body: bytes) -> None:
        """Make the champion pointer hold something else."""
        self._put(champion_key(self.schema), body)

    def probabilities(self, version: str, rows: Sequence[Row]) -> list[float]:
        """What a version answers, by onnxruntime alone: inputs are built here, not by contract.inputs."""
        if version not in self._sessions:
            self._sessions[version] = onnxruntime.InferenceSession(
                self._graphs[version], providers=["CPUExecutionProvider"]
            )
        inputs = {
            "tenure": np.array([[row["tenure"]] for row in rows], dtype=np.float32),
            "charges": np.array([[_number(row["charges"])] for row in rows], dtype=np.float32),
            "contract": np.array([[row["contract"]] for row in rows], dtype=object),
            "partner": np.array([[_flag(row["partner"])] for row in rows], dtype=object),
        }
        [found] = self._sessions[version].run(["probability"], inputs)
        return [float(value) for value in found[:, 0]]

    def knows(self, version: str) -> bool:
        """Whether a version was ever one that can serve."""
        return version in self._graphs

    def _manifest(self, version: str, graph: bytes, schema: str = "") -> bytes:
        document = SCHEMA_DOCUMENT | {"$id": schema or self.schema}
        return encode_manifest(tiny_manifest(graph, version, schema=document))

    def _upload(self, version: str, graph: bytes, manifest: bytes) -> None:
        self._put(model_key(self.schema, version), graph)
        self._put(manifest_key(self.schema, version), manifest)

    def _point(self, version: str) -> None:
        champion = Champion(
            version=version,
            previous=self.serving or None,
            promoted_by="faults",
            promoted_at="2026-11-20T00:00:00.000Z",
            reason=json.dumps(self._made),
        )
        self._put(champion_key(self.schema), encode_champion(champion))

    def _put(self, key: str, body: bytes) -> None:
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body)


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _flag(value: bool | None) -> str:
    return "" if value is None else str(value).lower()
