"""Model versions in S3. A version never changes; which one serves changes by conditional put only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from msgspec import UNSET, UnsetType

from contract.champion import Champion
from contract.errors import ManifestError
from contract.manifest import Manifest
from training.errors import RegistryError
from training.registry.pointer import ChampionPointer, Pointer, Standing, conflict
from training.registry.storage import Bucket, S3Client
from training.registry.versions import Versions

NO_FILES: Mapping[str, bytes] = MappingProxyType({})


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
        self._versions = Versions(self._bucket, schema_name)
        self._pointer = ChampionPointer(self._bucket, schema_name)

    def publish(self, trained: Publishable, files: Mapping[str, bytes] = NO_FILES) -> None:
        """Store a version with `files` by name, the manifest last: without one it does not exist to anybody.

        Where S3 refuses half-way, publishing again completes it. Publishing the same bytes again succeeds;
        others, or more files, under a known version raise VersionExists.
        """
        self._require_schema(trained.manifest.version, trained.manifest)
        self._versions.put(trained.manifest, trained.onnx, files)

    def versions(self) -> list[VersionSummary]:
        """Every published version whose manifest can be read, newest first.

        Where the champion pointer cannot be read, none is marked.
        """
        serving = self.serving()
        listed = [self._summary(version, serving) for version in self._versions.names()]
        return sorted(
            (summary for summary in listed if summary),
            key=lambda summary: (summary.created_at, summary.version),
            reverse=True,
        )

    def _summary(self, version: str, serving: str | None) -> VersionSummary | None:
        try:
            manifest = self._versions.manifest_or_none(version)
        except ManifestError:
            return None  # one version must not hide the others; asking for it by name says what is wrong
        if manifest is None:
            return None
        measured = manifest.metrics.get("roc_auc")
        roc_auc = measured.mean if measured else None
        return VersionSummary(version, manifest.created_at, manifest.chosen, roc_auc, version == serving)

    def manifest(self, version: str) -> Manifest:
        """What a version says about itself."""
        return self._versions.manifest(version)

    def model(self, version: str) -> bytes:
        """A version's graph, checked against its manifest's sha256."""
        return self._versions.graph(self.manifest(version), version)

    def file(self, version: str, name: str) -> bytes | None:
        """A file published with a version, such as report.html; None where it has none of that name."""
        self.manifest(version)  # half a version does not exist
        return self._versions.file(version, name)

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
        check_servable(version, manifest, self._versions.graph(manifest, version))

    def champion(self) -> Standing | None:
        """The serving version's pointer and its ETag, or None before the first promotion."""
        return self._pointer.standing()

    def serving(self) -> str | None:
        """The version that serves; None where there is none, or the pointer cannot be read."""
        pointer = self._pointer.read()
        return pointer.champion.version if pointer and pointer.champion else None

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
