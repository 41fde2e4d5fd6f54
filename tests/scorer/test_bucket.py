"""The function's side of the bucket, over a real connection."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator

import pytest

from scorer.bucket import STORAGE_ATTEMPTS, Bucket
from scorer.errors import ObjectMissingError, StorageError
from tests.scorer.fakes import FakeS3
from tests.scorer.peer import CLOSE, RESET, Peer, Received, Step, reply
from tests.scorer.services import bucket_at, refused_url, service_at

KEY = "models/tiny/a b/ü+?#%~*'(x)//../."


@pytest.fixture
def s3() -> FakeS3:
    return FakeS3()


@pytest.fixture
def bucket(s3: FakeS3) -> Iterator[Bucket]:
    with Peer(s3.over_http) as peer:
        yield bucket_at(peer)


def test_what_is_put_is_got(bucket: Bucket, s3: FakeS3) -> None:
    """Any bytes, more than fit in one piece, under a key of odd characters; the fake checks the checksums."""
    body = bytes(range(256)) * 1000
    bucket.put(KEY, body, "application/octet-stream")
    assert s3.objects == {KEY: body}
    assert bucket.get(KEY).body == body
    bucket.put(KEY, b"", "text/plain")
    assert bucket.get(KEY).body == b""


def test_a_conditional_read_answers_only_what_is_new(bucket: Bucket) -> None:
    """The ETag as it came is the condition; without one, the object is read."""
    bucket.put("pointer", b"one", "text/plain")
    first = bucket.get_if_changed("pointer", "")
    assert first is not None
    assert bucket.get_if_changed("pointer", first.etag) is None
    bucket.put("pointer", b"two", "text/plain")
    second = bucket.get_if_changed("pointer", first.etag)
    assert second is not None
    assert second.body == b"two"


def test_a_missing_object_is_told_apart(bucket: Bucket) -> None:
    """With its key, on one line."""
    with pytest.raises(ObjectMissingError, match=r"^s3://bucket/no/such: cannot read it \(NoSuchKey\)$"):
        bucket.get("no/such")


@pytest.mark.parametrize(
    "trouble",
    [
        [reply(503, b"<Error><Code>SlowDown</Code></Error>")],
        [reply(500, b"<Error><Code>InternalError</Code></Error>")],
        [reply(400, b"<Error><Code>RequestTimeout</Code></Error>")],
        [reply(429)],
        [reply(200, b"short", length=100), CLOSE],
        [reply(200, b"body", x_amz_checksum_crc32="AAAAAA==")],
        [RESET],
    ],
)
def test_what_may_heal_is_tried_once_more(trouble: list[Step]) -> None:
    """5xx, throttling, a body cut short or altered, a broken connection: then all is well."""
    crc32 = base64.b64encode(zlib.crc32(b"body").to_bytes(4, "big")).decode()
    right = reply(200, b"body", ETag='"e"', x_amz_checksum_crc32=crc32)
    with Peer(lambda number, _: trouble if number == 0 else [right]) as peer:
        assert bucket_at(peer).get("key") == (b"body", '"e"')
        assert len(peer.requests) == STORAGE_ATTEMPTS


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ([reply(503, b"<Error><Code>SlowDown</Code></Error>")], "SlowDown"),
        ([reply(502, b"<html>")], "502"),
        ([reply(200, b"short", length=100), CLOSE], "s3: "),
        ([reply(200, b"body", x_amz_checksum_crc32="AAAAAA==")], "BadDigest"),
        ([RESET], "ProtocolError"),
    ],
)
def test_trouble_that_lasts_is_told(trouble: list[Step], told: str) -> None:
    """The last reason, after bounded attempts."""
    with Peer(lambda *_: trouble) as peer, pytest.raises(StorageError, match=told) as raised:
        bucket_at(peer).get("key")
    assert not isinstance(raised.value, ObjectMissingError)


def test_nobody_listening_is_told() -> None:
    """With the key that was wanted."""
    bucket = Bucket(service_at(refused_url(), "s3"), "bucket", sleep=lambda _: None)
    with pytest.raises(StorageError, match=r"s3://bucket/key: cannot write it \(s3: NewConnectionError\)"):
        bucket.put("key", b"", "text/plain")


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (400, "BadDigest"), (301, "PermanentRedirect"), (400, "ExpiredToken")],
)
def test_what_never_heals_is_asked_once(status: int, code: str) -> None:
    """S3's own code is told."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>m</Message></Error>".encode()
    with Peer(lambda *_: [reply(status, body)]) as peer:
        with pytest.raises(StorageError, match=code):
            bucket_at(peer).put("key", b"body", "text/plain")
        assert len(peer.requests) == 1


def test_a_missing_object_without_a_body_is_missing_too() -> None:
    """Some that stand in for S3 send the status alone."""
    with Peer(lambda *_: [reply(404)]) as peer, pytest.raises(ObjectMissingError, match="404"):
        bucket_at(peer).get("key")


def test_not_modified_is_no_answer_to_a_question_without_a_condition() -> None:
    """A body must come, or an error."""
    with Peer(lambda *_: [reply(304)]) as peer, pytest.raises(StorageError, match="304"):
        bucket_at(peer).get("key")


def test_a_checksum_of_parts_is_not_compared() -> None:
    """An object uploaded in parts has a checksum of their checksums."""
    with Peer(lambda *_: [reply(200, b"body", x_amz_checksum_crc32="AAAAAA==-2")]) as peer:
        assert bucket_at(peer).get("key").body == b"body"


def test_an_upload_that_was_altered_is_refused(s3: FakeS3) -> None:
    """One byte on the way: S3 says BadDigest, and nothing is stored."""

    def altered(number: int, received: Received) -> list[bytes]:
        return s3.over_http(number, received._replace(body=b"c" + received.body[1:]))

    with Peer(altered) as peer, pytest.raises(StorageError, match="BadDigest"):
        bucket_at(peer).put("key", b"body", "text/plain")
    assert s3.objects == {}
