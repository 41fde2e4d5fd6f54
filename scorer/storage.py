"""The bucket, seen as keys and bytes: what each part of the scorer needs of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol


class StoredObject(NamedTuple):
    """An object's bytes, and the ETag that a later conditional read names."""

    body: bytes
    etag: str


class ReadableObjects(Protocol):
    """What the registry needs of a bucket."""

    def get(self, key: str) -> StoredObject: ...
    def get_if_changed(self, key: str, etag: str) -> StoredObject | None: ...


class WritableObjects(Protocol):
    """What keeping the rejected records needs of a bucket."""

    def put(self, key: str, body: bytes, content_type: str) -> None: ...


class Objects(ReadableObjects, WritableObjects, Protocol):
    """What looking after the rejected records needs besides."""

    def keys(self, prefix: str) -> Iterator[str]: ...
    def move(self, key: str, new_key: str) -> None: ...
