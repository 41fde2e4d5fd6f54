"""What the registry needs of S3: conditional puts, and answers as values instead of error codes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from training.errors import RegistryError

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
# 412: the condition does not hold; 409: a concurrent write or delete decided first.
REFUSED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
ABSENT = frozenset({"NoSuchKey", "404"})

JSON = "application/json"
BINARY = "application/octet-stream"


class S3Client(Protocol):
    """The three calls made; botocore's client has them."""

    def get_object(self, **request: Any) -> Any: ...
    def put_object(self, **request: Any) -> Any: ...
    def list_objects_v2(self, **request: Any) -> Any: ...


class Stored(NamedTuple):
    """An object's bytes, and the ETag that a later conditional put names."""

    body: bytes
    etag: str


class Bucket:
    """One bucket. What S3 refuses for a reason of its own comes out as RegistryError, one line."""

    def __init__(self, client: S3Client, name: str) -> None:
        self._client = client
        self.name = name

    def get(self, key: str) -> Stored | None:
        """The object, or None where there is none."""
        try:
            answer = self._client.get_object(Bucket=self.name, Key=key)
            return Stored(answer["Body"].read(), answer["ETag"])
        except (ClientError, BotoCoreError) as error:
            if _code(error) in ABSENT:
                return None
            raise self._failure("read", key, error) from error

    def put_if(self, key: str, body: bytes, content_type: str, etag: str | None) -> bool:
        """Write where the object still carries `etag`, or does not exist (`etag` None); False if refused."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        try:
            self._client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType=content_type, **condition
            )
        except (ClientError, BotoCoreError) as error:
            # If-Match on an object that has been deleted answers 404.
            if _code(error) in REFUSED | ABSENT:
                return False
            raise self._failure("write", key, error) from error
        return True

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys under `prefix`, a page of at most 1,000 at a time."""
        page: dict[str, Any] = {"Bucket": self.name, "Prefix": prefix}
        while True:
            try:
                answer = self._client.list_objects_v2(**page)
            except (ClientError, BotoCoreError) as error:
                raise self._failure("list", prefix, error) from error
            yield from (entry["Key"] for entry in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            page["ContinuationToken"] = answer["NextContinuationToken"]

    def _failure(self, verb: str, key: str, error: Exception) -> RegistryError:
        if _code(error) == "NoSuchBucket":
            return RegistryError(f"s3://{self.name}: no such bucket; is the stage deployed?")
        return RegistryError(
            f"s3://{self.name}/{key}: cannot {verb} ({error}); is the stage up, and may you {verb} there?"
        )


def _code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""
