"""The function's bucket and the command line's, against a real one: neither can be told from the other."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import botocore.session
import pytest

from infra.local.client_settings import client_arguments
from infra.local.stage import LocalStage
from scorer.bucket import Bucket
from scorer.errors import ObjectMissingError, StorageError
from scorer.objects import S3Objects
from tests.scorer.fakes import FakeS3
from tests.scorer.services import emulated

pytestmark = pytest.mark.emulator

AnyBucket = Bucket | S3Objects
MakeBucket = Callable[[LocalStage, str], AnyBucket]


def functions_own(stage: LocalStage, bucket: str) -> Bucket:
    return Bucket(emulated(stage, "s3", bucket), bucket)


def command_lines(stage: LocalStage, bucket: str) -> S3Objects:
    client: Any = botocore.session.Session().create_client("s3", **client_arguments(stage.endpoint_url))
    return S3Objects(client, bucket)


def fake(_: LocalStage, bucket: str) -> S3Objects:
    return S3Objects(FakeS3(), bucket)


@pytest.fixture(params=[functions_own, command_lines, fake])
def make(request: pytest.FixtureRequest) -> MakeBucket:
    found: MakeBucket = request.param
    return found


@pytest.fixture
def bucket(local_aws: LocalStage, make: MakeBucket) -> AnyBucket:
    return make(local_aws, local_aws.bucket)


@pytest.fixture
def key() -> str:
    return f"test/{uuid.uuid4().hex}/ü b+c=d&e'(f)~.json"


def test_what_is_put_is_got(bucket: AnyBucket, key: str) -> None:
    """Empty, small, and bigger than one piece."""
    for body in (b"", b"one", bytes(range(256)) * 1000):
        bucket.put(key, body, "application/octet-stream")
        assert bucket.get(key).body == body


def test_a_conditional_read_answers_only_what_is_new(bucket: AnyBucket, key: str) -> None:
    """A real 304 for the ETag as it came."""
    bucket.put(key, b"one", "text/plain")
    first = bucket.get_if_changed(key, "")
    assert first is not None
    assert first == bucket.get(key)
    assert bucket.get_if_changed(key, first.etag) is None
    bucket.put(key, b"two", "text/plain")
    second = bucket.get_if_changed(key, first.etag)
    assert second is not None
    assert (second.body, second.etag != first.etag) == (b"two", True)


def test_a_missing_object_is_told_in_the_same_words(bucket: AnyBucket, key: str) -> None:
    """The message names the object and S3's code."""
    with pytest.raises(ObjectMissingError, match=r"cannot read it \(NoSuchKey\)$"):
        bucket.get(key)
    with pytest.raises(ObjectMissingError, match=r"cannot read it \(NoSuchKey\)$"):
        bucket.get_if_changed(key, '"etag"')


@pytest.mark.parametrize("make", [functions_own, command_lines])
def test_a_missing_bucket_is_told_in_the_same_words(local_aws: LocalStage, make: MakeBucket) -> None:
    """It is no missing object: someone has to look."""
    nowhere = make(local_aws, f"no-such-bucket-{uuid.uuid4().hex}")
    for act in (lambda: nowhere.get("key"), lambda: nowhere.put("key", b"", "text/plain")):
        with pytest.raises(StorageError, match="NoSuchBucket") as raised:
            act()
        assert not isinstance(raised.value, ObjectMissingError)


def test_each_reads_what_the_other_wrote(local_aws: LocalStage, key: str) -> None:
    """Bytes and ETag are the same from both sides."""
    both: list[AnyBucket] = [make(local_aws, local_aws.bucket) for make in (functions_own, command_lines)]
    for number, (writer, reader) in enumerate((both, reversed(both))):
        writer.put(key, b"%d" % number, "text/plain")
        assert reader.get(key) == writer.get(key)
        assert reader.get(key).body == b"%d" % number
