"""The bucket as the command line uses it, which has botocore's clients; scorer.bucket is the function's.

Everything S3 can answer is turned into a value or a StorageError.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from scorer.errors import ObjectMissingError, StorageError
from scorer.storage import StoredObject

NOT_MODIFIED = "304"


class S3Client(Protocol):
    """The calls made of an S3 client; botocore's has them."""

    def get_object(self, **request: Any) -> Any: ...
    def put_object(self, **request: Any) -> Any: ...
    def list_objects_v2(self, **request: Any) -> Any: ...
    def copy_object(self, **request: Any) -> Any: ...
    def delete_object(self, **request: Any) -> Any: ...


class S3Objects:
    """One bucket. Every method raises StorageError (ObjectMissingError where the key does not exist)."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get(self, key: str) -> StoredObject:
        """The object as it is now."""
        return self._read(key, {})

    def get_if_changed(self, key: str, etag: str) -> StoredObject | None:
        """The object, or None where it still carries `etag`; an empty `etag` reads unconditionally."""
        try:
            return self._read(key, {"IfNoneMatch": etag} if etag else {})
        except StorageError as error:
            if _code(error.__cause__) == NOT_MODIFIED:
                return None
            raise

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Write or replace the object."""
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType=content_type)
        except (ClientError, BotoCoreError) as error:
            raise self._failure("write", key, error) from error

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys under `prefix`, in S3's order, a page at a time."""
        page: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            try:
                answer = self._client.list_objects_v2(**page)
            except (ClientError, BotoCoreError) as error:
                raise self._failure("list", prefix, error) from error
            yield from (entry["Key"] for entry in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            page["ContinuationToken"] = answer["NextContinuationToken"]

    def move(self, key: str, new_key: str) -> None:
        """Copy, then delete: interrupted in between, the object is in both places, never in none."""
        source = {"Bucket": self._bucket, "Key": key}
        try:
            self._client.copy_object(Bucket=self._bucket, Key=new_key, CopySource=source)
            self._client.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise self._failure("move", key, error) from error

    def _read(self, key: str, condition: dict[str, str]) -> StoredObject:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key, **condition)
            return StoredObject(answer["Body"].read(), answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            raise self._failure("read", key, error) from error

    def _failure(self, verb: str, key: str, error: Exception) -> StorageError:
        code = _code(error) or type(error).__name__
        kind = ObjectMissingError if code in {"NoSuchKey", "404"} else StorageError
        return kind(f"s3://{self._bucket}/{key}: cannot {verb} it ({code})")


def _code(error: BaseException | None) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
