"""Model versions in S3. A version never changes; which one serves changes by conditional put only."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

from msgspec import UNSET, UnsetType

from contract.champion import Champion, manifest_key, model_key, version_prefix
from contract.errors import ManifestError
from contract.manifest import MANIFEST_FILE, Manifest, decode_manifest, encode_manifest
from training.errors import RegistryError, VersionExists
from training.registry.pointer import ChampionPointer, Pointer, Standing, conflict
from training.registry.storage import BINARY, JSON, Bucket, S3Client

VERSIONS_NAMED = 5  # in messages


class Publishable(Protocol):
    """What is published: a graph and its manifest (TrainedModel has both)."""

    @property
    def onnx(self) -> bytes: ...
    @property
    def manifest(self) -> Manifest: ...


@dataclass(frozen=True, slots=True)
class VersionSummary:
    """One line of `churn models list`. `roc_auc` is None where the manifest gives none."""

    version: str
    created_at: str
    chosen: str
    roc_auc: float | None
    champion: bool


class Registry:
    """The versions of one schema in one bucket.

    Every method raises RegistryError with one line where S3 or what it holds stands in the way.
    """

    def __init__(self, s3: S3Client, bucket: str, schema_name: str) -> None:
        self._bucket = Bucket(s3, bucket)
        self._schema = schema_name
        self._pointer = ChampionPointer(self._bucket, schema_name)

    def publish(self, trained: Publishable) -> None:
        """Store a version, the manifest last: without one a version does not exist to anybody.

        Publishing the same bytes again succeeds; different bytes under a known version raise VersionExists.
        """
        manifest = trained.manifest
        self._require_schema(manifest.version, manifest)
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
        """Every published version whose manifest can be read, newest first.

        Where the champion pointer cannot be read, none is marked.
        """
        pointer = self._pointer.read()
        serving = pointer.champion.version if pointer and pointer.champion else None
        listed = [self._summary(version, serving) for version in self._published()]
        return sorted(
            (summary for summary in listed if summary),
            key=lambda summary: (summary.created_at, summary.version),
            reverse=True,
        )

    def _summary(self, version: str, serving: str | None) -> VersionSummary | None:
        try:
            manifest = self._stored_manifest(version)
        except ManifestError:
            return None  # one version must not hide the others; asking for it by name says what is wrong
        if manifest is None:
            return None
        measured = manifest.metrics.get("roc_auc")
        roc_auc = measured.mean if measured else None
        return VersionSummary(version, manifest.created_at, manifest.chosen, roc_auc, version == serving)

    def _published(self) -> list[str]:
        """Names of the versions that have a manifest, in key order."""
        prefix = version_prefix(self._schema)
        paths = [key.removeprefix(prefix).split("/") for key in self._bucket.keys(prefix)]
        return [path[0] for path in paths if path[1:] == [MANIFEST_FILE]]

    def manifest(self, version: str) -> Manifest:
        """What a version says about itself."""
        try:
            manifest = self._stored_manifest(version)
        except ManifestError as error:
            raise RegistryError(f"model {version}: {error}") from error
        if manifest is None:
            known = sorted(self._published(), reverse=True)[:VERSIONS_NAMED]
            names = ", ".join(known) or "none yet; run `churn train`"
            raise RegistryError(f"model {version!r}: no such version of {self._schema}; known are {names}")
        return manifest

    def _stored_manifest(self, version: str) -> Manifest | None:
        stored = self._bucket.get(manifest_key(self._schema, version)) if version else None
        return decode_manifest(stored.body) if stored else None

    def model(self, version: str) -> bytes:
        """A version's graph, checked against its manifest's sha256."""
        return self._graph(version, self.manifest(version))

    def _graph(self, version: str, manifest: Manifest) -> bytes:
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

    def _require_schema(self, version: str, manifest: Manifest) -> None:
        found = manifest.schema.get("$id")
        if found != self._schema:
            raise RegistryError(
                f"model {version}: trained for schema {found!r}, but "
                f"s3://{self._bucket.name} serves {self._schema!r}; choose the stack of that schema"
            )

    def _require_servable(self, version: str) -> None:
        from training.registry.servable import check_servable  # onnxruntime is slow to import

        manifest = self.manifest(version)
        if manifest.version != version:
            raise RegistryError(
                f"model {version}: its manifest is that of {manifest.version!r}; promote another version"
            )
        self._require_schema(version, manifest)
        check_servable(version, manifest, self._graph(version, manifest))

    def champion(self) -> Standing | None:
        """The serving version's pointer and its ETag, or None before the first promotion."""
        return self._pointer.standing()

    def promote(
        self, version: str, by: str, reason: str, *, expected: Standing | UnsetType | None = UNSET
    ) -> Champion:
        """Make a version the champion, after checking that the scorer can serve it.

        `expected` is what `champion()` gave when this was decided. Raises PromotionConflict where that has
        changed since (a first champion counts), or changes during the call; what stands then stays. Without
        it any champion is replaced, even a pointer that cannot be read, which leaves no predecessor.
        Promoting the champion again changes nothing.
        """
        self._require_servable(version)
        current = self._pointer.read()
        if current and current.champion and current.champion.version == version:
            return current.champion
        if expected is not UNSET and _etag(current) != (expected[1] if expected else None):
            raise conflict(version, current)
        return self._pointer.move(version, current, by, reason)

    def rollback(self, by: str, reason: str) -> Champion:
        """Return to the champion's predecessor, checked as in `promote`; a second one undoes the first."""
        current = self.champion()
        if current is None or current[0].previous is None:
            raise RegistryError(
                f"{self._schema}: the champion has no predecessor; use `churn models promote`"
            )
        self._require_servable(current[0].previous)
        return self._pointer.move(current[0].previous, Pointer(*current), by, reason)


def _etag(pointer: Pointer | None) -> str | None:
    return pointer.etag if pointer else None
