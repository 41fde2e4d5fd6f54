"""The files of the versions in S3: written once, the manifest last, and checked when they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath

from contract.champion import version_prefix
from contract.errors import ManifestError
from contract.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, decode_manifest, encode_manifest
from training.errors import RegistryError, VersionExists
from training.registry.storage import BINARY, JSON, Bucket

REPORT_FILE = "report.html"
VERSIONS_NAMED = 5  # in messages
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": JSON,
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


class Versions:
    """The versions of one schema in one bucket. A version without a manifest does not exist."""

    def __init__(self, bucket: Bucket, schema_name: str) -> None:
        self._bucket = bucket
        self._schema = schema_name

    def put(self, manifest: Manifest, onnx: bytes, files: Mapping[str, bytes]) -> None:
        """Store a version whole. Where S3 refuses half-way nobody sees it, and calling again completes it.

        The same bytes again succeed; anything else under a known version raises VersionExists.
        """
        stored = {MODEL_FILE: onnx, **files, MANIFEST_FILE: encode_manifest(manifest)}
        if len(stored) < len(files) + 2:
            raise ValueError(f"{MODEL_FILE} and {MANIFEST_FILE} come from the model, not in {sorted(files)}")
        version = manifest.version
        # Complete already: then nothing may be added to it either.
        complete = self._bucket.get(self._key(version, MANIFEST_FILE)) is not None
        for name, body in stored.items():
            if complete or not self._bucket.put_if(self._key(version, name), body, _content_type(name), None):
                self._require_same(version, name, body)

    def _require_same(self, version: str, name: str, body: bytes) -> None:
        # A retry after a lost answer finds its own bytes; that is success.
        if self.file(version, name) != body:
            raise VersionExists(f"model {version}: already published with another {name}; train again")

    def file(self, version: str, name: str) -> bytes | None:
        """One file of a version, or None where it has none of that name."""
        stored = self._bucket.get(self._key(version, name)) if version else None
        return stored.body if stored else None

    def _key(self, version: str, name: str) -> str:
        return version_prefix(self._schema, version) + name

    def names(self) -> list[str]:
        """Every version that has a manifest, readable or not, in key order."""
        prefix = version_prefix(self._schema)
        paths = [key.removeprefix(prefix).split("/") for key in self._bucket.keys(prefix)]
        return [path[0] for path in paths if path[1:] == [MANIFEST_FILE]]

    def manifest_or_none(self, version: str) -> Manifest | None:
        """A version's manifest, or None where there is no such version. Raises ManifestError."""
        raw = self.file(version, MANIFEST_FILE)
        return decode_manifest(raw) if raw is not None else None

    def manifest(self, version: str) -> Manifest:
        """A version's manifest. Raises RegistryError where it is broken, or absent: then naming others."""
        try:
            manifest = self.manifest_or_none(version)
        except ManifestError as error:
            raise RegistryError(f"model {version}: {error}") from error
        if manifest is None:
            known = sorted(self.names(), reverse=True)[:VERSIONS_NAMED]
            names = ", ".join(known) or "none yet; run `churn train`"
            raise RegistryError(f"model {version!r}: no such version of {self._schema}; known are {names}")
        return manifest

    def graph(self, manifest: Manifest, version: str) -> bytes:
        """A version's graph, checked against its manifest's sha256. Raises RegistryError."""
        onnx = self.file(version, MODEL_FILE)
        if onnx is None:
            raise RegistryError(f"model {version}: its graph is missing; promote another version")
        found = hashlib.sha256(onnx).hexdigest()
        if found != manifest.onnx_sha256:
            raise RegistryError(
                f"model {version}: its graph has sha256 {found[:12]}…, the manifest says "
                f"{manifest.onnx_sha256[:12]}…; it is damaged, so promote another version"
            )
        return onnx


def _content_type(name: str) -> str:
    return CONTENT_TYPES.get(PurePosixPath(name).suffix, BINARY)
