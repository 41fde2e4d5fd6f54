"""The bucket with its history: every version of an object, the hidden ones too.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/versioning-workflows.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from scorer.errors import ObjectMissingError, StorageError

MISSING = frozenset({"NoSuchKey", "NoSuchVersion", "404"})
# Someone else wrote, or deleted, or does so at this moment.
CHANGED = MISSING | {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}


class Version(NamedTuple):
    """One version of an object. What a version holds never changes."""

    key: str
    version_id: str
    etag: str
    is_latest: bool


class VersionsClient(Protocol):
    """The calls made of an S3 client; botocore's has them."""

    def list_object_versions(self, **request: Any) -> Any: ...
    def get_object(self, **request: Any) -> Any: ...
    def put_object(self, **request: Any) -> Any: ...
    def delete_object(self, **request: Any) -> Any: ...


class VersionedBucket:
    """One bucket. Every method raises StorageError."""

    def __init__(self, client: VersionsClient, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def versions(self, prefix: str) -> Iterator[Version]:
        """Every version that has bytes, of all keys under `prefix`, a page at a time."""
        page: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            try:
                answer = self._client.list_object_versions(**page)
            except (ClientError, BotoCoreError) as error:
                raise self._failure("list the versions of", prefix, error) from error
            for each in answer.get("Versions", ()):
                yield Version(each["Key"], each["VersionId"], each["ETag"], each["IsLatest"])
            if not answer.get("IsTruncated"):
                return
            page["KeyMarker"] = answer["NextKeyMarker"]
            page["VersionIdMarker"] = answer["NextVersionIdMarker"]

    def read(self, version: Version) -> bytes:
        """The bytes of a version. Raises ObjectMissingError where it has gone."""
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=version.key, VersionId=version.version_id
            )
            return bytes(answer["Body"].read())
        except (ClientError, BotoCoreError) as error:
            raise self._failure("read", version.key, error) from error

    def replace(self, version: Version, body: bytes, content_type: str) -> bool:
        """Put `body` on top of the latest version; False, and nothing done, where it is that no longer."""
        request = {"Body": body, "ContentType": content_type}
        return self._unless_changed("write", self._client.put_object, version, request)

    def hide(self, version: Version) -> bool:
        """Put a delete marker on top of the latest version; False, as above, where it is that no longer.

        A marker, so that no older version comes to the light again when this one is deleted.
        """
        return self._unless_changed("delete", self._client.delete_object, version, {})

    def delete(self, version: Version) -> None:
        """Delete one version for good; one that has gone is done."""
        try:
            self._client.delete_object(Bucket=self._bucket, Key=version.key, VersionId=version.version_id)
        except (ClientError, BotoCoreError) as error:
            if _code(error) not in MISSING:
                raise self._failure("delete a version of", version.key, error) from error

    def _unless_changed(self, verb: str, call: Any, version: Version, request: dict[str, Any]) -> bool:
        try:
            call(Bucket=self._bucket, Key=version.key, IfMatch=version.etag, **request)
        except (ClientError, BotoCoreError) as error:
            if _code(error) in CHANGED:
                return False
            raise self._failure(verb, version.key, error) from error
        return True

    def _failure(self, verb: str, key: str, error: Exception) -> StorageError:
        code = _code(error) or type(error).__name__
        kind = ObjectMissingError if code in MISSING else StorageError
        return kind(f"s3://{self._bucket}/{key}: cannot {verb} it ({code})")


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
