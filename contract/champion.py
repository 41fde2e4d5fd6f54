"""The pointer to the serving model: where it lives, and what it says."""

from __future__ import annotations

import msgspec

from contract.errors import ManifestError
from contract.manifest import MANIFEST_FILE, MODEL_FILE


class Champion(msgspec.Struct, frozen=True, kw_only=True):
    """Which version serves, what it replaced, and who decided that, when and why."""

    version: str
    previous: str | None
    promoted_by: str
    promoted_at: str
    reason: str


def champion_key(schema_name: str) -> str:
    """S3 key of the pointer; it changes only by conditional put."""
    return f"models/{schema_name}/champion.json"


def version_prefix(schema_name: str, version: str = "") -> str:
    """S3 prefix of one version's folder, or of all versions."""
    return f"models/{schema_name}/versions/{version}/" if version else f"models/{schema_name}/versions/"


def model_key(schema_name: str, version: str) -> str:
    """S3 key of a version's graph."""
    return version_prefix(schema_name, version) + MODEL_FILE


def manifest_key(schema_name: str, version: str) -> str:
    """S3 key of a version's manifest."""
    return version_prefix(schema_name, version) + MANIFEST_FILE


def encode_champion(champion: Champion) -> bytes:
    """The pointer as readable JSON."""
    return msgspec.json.format(msgspec.json.encode(champion), indent=2) + b"\n"


def decode_champion(raw: bytes) -> Champion:
    """Read the pointer, or raise ManifestError."""
    try:
        return msgspec.json.decode(raw, type=Champion)
    except (ValueError, RecursionError) as error:
        raise ManifestError(
            f"champion.json: not readable ({error}); run `churn models promote VERSION`"
        ) from error
