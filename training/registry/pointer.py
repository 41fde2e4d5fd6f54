"""The champion pointer in S3: read, and moved by conditional put only."""

from __future__ import annotations

import time
from typing import NamedTuple, TypeAlias

from contract.champion import Champion, champion_key, decode_champion, encode_champion
from contract.errors import ManifestError
from contract.event import format_time
from training.errors import PromotionConflict, RegistryError
from training.registry.storage import JSON, Bucket

# A champion and the ETag of the pointer that names it.
Standing: TypeAlias = tuple[Champion, str]


class Pointer(NamedTuple):
    """champion.json as stored. `champion` is None where `problem` keeps it from being read."""

    champion: Champion | None
    etag: str
    problem: str = ""

    @property
    def says(self) -> str:
        """Who made what champion, for a message."""
        if self.champion is None:
            return "somebody wrote a champion.json that cannot be read"
        return f"{self.champion.promoted_by} made {self.champion.version} champion"


class ChampionPointer:
    """The pointer of one schema in one bucket."""

    def __init__(self, bucket: Bucket, schema_name: str) -> None:
        self._bucket = bucket
        self._key = champion_key(schema_name)

    def read(self) -> Pointer | None:
        """The pointer, readable or not; None before the first promotion."""
        stored = self._bucket.get(self._key)
        if stored is None:
            return None
        try:
            return Pointer(decode_champion(stored.body), stored.etag)
        except ManifestError as error:
            return Pointer(None, stored.etag, f"s3://{self._bucket.name}/{self._key}: {error}")

    def standing(self) -> Standing | None:
        """The champion and its ETag, or None. Raises RegistryError where the pointer cannot be read."""
        pointer = self.read()
        if pointer is None:
            return None
        if pointer.champion is None:
            raise RegistryError(pointer.problem)
        return pointer.champion, pointer.etag

    def move(self, version: str, current: Pointer | None, by: str, reason: str) -> Champion:
        """Point to `version`, if the pointer is still `current`; else raise PromotionConflict."""
        previous = current.champion.version if current and current.champion else None
        now = format_time(time.time_ns() // 1_000_000)
        champion = Champion(
            version=version, previous=previous, promoted_by=by, promoted_at=now, reason=reason
        )
        etag = current.etag if current else None
        if self._bucket.put_if(self._key, encode_champion(champion), JSON, etag):
            return champion
        found = self.read()
        # A retry after a lost answer is refused by its own first attempt.
        if found and found.champion == champion:
            return champion
        raise conflict(version, found)


def conflict(version: str, found: Pointer | None) -> PromotionConflict:
    """The error for a promotion of `version` that came too late; `found` is what stands."""
    happened = found.says if found else "somebody removed the champion"
    return PromotionConflict(
        f"model {version}: not promoted, {happened} meanwhile; see `churn models list`, then promote it again"
    )
