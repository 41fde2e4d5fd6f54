"""Model versions in S3. A version never changes; which one serves changes by conditional put only."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import Protocol

from contract.champion import (
    Champion,
    champion_key,
    decode_champion,
    encode_champion,
    manifest_key,
    model_key,
    version_prefix,
)
from contract.errors import ManifestError
from contract.event import format_time
from contract.manifest import MANIFEST_FILE, Manifest, decode_manifest, encode_manifest
from training.errors import PromotionConflict, RegistryError, VersionExists
from training.storage import Bucket, S3Client

JSON = "application/json"
BINARY = "application/octet-stream"
VERSIONS_NAMED = 5  # in messages


class Publishable(Protocol):
    """What is published: a graph and its manifest (TrainedModel has both)."""

    @property
    def onnx(self) -> bytes: ...
    @property
    def manifest(self) -> Manifest: ...


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One line of `churn models list`."""

    version: str
    created_at: str
    chosen: str
    roc_auc: float
    champion: bool


class Registry:
    """The versions of one schema in one bucket.

    Every method raises RegistryError with one line where S3 or what it holds stands in the way.
    """

    def __init__(self, s3: S3Client, bucket: str, schema_name: str) -> None:
        self._bucket = Bucket(s3, bucket)
        self._schema = schema_name

    def publish(self, trained: Publishable) -> None:
        """Store a version, the manifest last: without one a version does not exist to anybody.

        Publishing the same bytes again succeeds; different bytes under a known version raise VersionExists.
        """
        manifest = trained.manifest
        if manifest.schema.get("$id") != self._schema:
            raise RegistryError(
                f"model {manifest.version}: trained for schema {manifest.schema.get('$id')!r}, but "
                f"s3://{self._bucket.name} serves {self._schema!r}; choose the stack of that schema"
            )
        self._put_once(model_key(self._schema, manifest.version), trained.onnx, BINARY, manifest.version)
        encoded = encode_manifest(manifest)
        self._put_once(manifest_key(self._schema, manifest.version), encoded, JSON, manifest.version)

    def _put_once(self, key: str, body: bytes, content_type: str, version: str) -> None:
        if self._bucket.put_if(key, body, content_type, etag=None):
            return
        # A retry after a lost answer finds its own bytes; that is success.
        stored = self._bucket.get(key)
        if stored is None or stored.body != body:
            raise VersionExists(f"model {version}: already published with other content; train again")

    def versions(self) -> list[VersionSummary]:
        """Every published version, newest first."""
        current = self.champion()
        serving = current[0].version if current else None
        manifests = [self.manifest(version) for version in self._published()]
        manifests.sort(key=lambda manifest: (manifest.created_at, manifest.version), reverse=True)
        return [
            VersionSummary(m.version, m.created_at, m.chosen, m.metrics["roc_auc"].mean, m.version == serving)
            for m in manifests
        ]

    def _published(self) -> list[str]:
        """Names of the versions that have a manifest, in key order."""
        prefix = version_prefix(self._schema)
        paths = [key.removeprefix(prefix).split("/") for key in self._bucket.keys(prefix)]
        return [path[0] for path in paths if path[1:] == [MANIFEST_FILE]]

    def manifest(self, version: str) -> Manifest:
        """What a version says about itself."""
        stored = self._bucket.get(manifest_key(self._schema, version)) if version else None
        if stored is None:
            known = sorted(self._published(), reverse=True)[:VERSIONS_NAMED]
            names = ", ".join(known) or "none yet; run `churn train`"
            raise RegistryError(f"model {version!r}: no such version of {self._schema}; known are {names}")
        try:
            return decode_manifest(stored.body)
        except ManifestError as error:
            raise RegistryError(f"model {version}: {error}") from error

    def model(self, version: str) -> bytes:
        """A version's graph, checked against its manifest's sha256."""
        manifest = self.manifest(version)
        stored = self._bucket.get(model_key(self._schema, version))
        if stored is None:
            raise RegistryError(f"model {version}: its graph is missing; promote another version")
        found = hashlib.sha256(stored.body).hexdigest()
        if found != manifest.onnx_sha256:
            raise RegistryError(
                f"model {version}: its graph has sha256 {found[:12]}…, the manifest says "
                f"{manifest.onnx_sha256[:12]}…; it is damaged, so promote another version"
            )
        return stored.body

    def champion(self) -> tuple[Champion, str] | None:
        """The serving version's pointer and its ETag, or None before the first promotion."""
        stored = self._bucket.get(champion_key(self._schema))
        if stored is None:
            return None
        try:
            return decode_champion(stored.body), stored.etag
        except ManifestError as error:
            raise RegistryError(f"s3://{self._bucket.name}/{champion_key(self._schema)}: {error}") from error

    def promote(self, version: str, by: str, reason: str) -> Champion:
        """Make a version the champion, after checking that it is whole.

        Raises PromotionConflict where somebody else changed the champion meanwhile; theirs then stands.
        Promoting the champion again changes nothing.
        """
        self.model(version)
        current = self.champion()
        if current and current[0].version == version:
            return current[0]
        return self._point(version, current, by, reason)

    def rollback(self, by: str, reason: str) -> Champion:
        """Return to the champion's predecessor; a second rollback undoes the first."""
        current = self.champion()
        if current is None or current[0].previous is None:
            raise RegistryError(
                f"{self._schema}: the champion has no predecessor; use `churn models promote`"
            )
        self.model(current[0].previous)
        return self._point(current[0].previous, current, by, reason)

    def _point(self, version: str, current: tuple[Champion, str] | None, by: str, reason: str) -> Champion:
        previous, etag = (current[0].version, current[1]) if current else (None, None)
        now = format_time(time.time_ns() // 1_000_000)
        champion = Champion(
            version=version, previous=previous, promoted_by=by, promoted_at=now, reason=reason
        )
        if self._bucket.put_if(champion_key(self._schema), encode_champion(champion), JSON, etag):
            return champion
        standing = self.champion()
        # A retry after a lost answer is refused by its own first attempt.
        if standing and standing[0] == champion:
            return champion
        winner = f"{standing[0].promoted_by} made {standing[0].version}" if standing else "somebody removed"
        raise PromotionConflict(
            f"model {version}: not promoted, {winner} champion meanwhile; look at it, then promote again"
        )
