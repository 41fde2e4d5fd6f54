"""What goes over the wire is what botocore's own clients would send: signature, headers, path and body."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import botocore.session
import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from hypothesis import given
from hypothesis import strategies as st

from contract.prediction import Put
from scorer.aws.credentials import Credentials, Keys
from scorer.aws.signature import signed
from scorer.aws.signed_http import SignedHttp, Tls
from scorer.bucket import Bucket
from scorer.dynamo import BatchWriter
from tests.scorer.peer import Peer, Received, reply
from tests.scorer.services import REGION

NOW = datetime.datetime(2026, 11, 20, 10, 0, 0, tzinfo=datetime.UTC)
# What botocore says of itself, and how it and http.client carry the same request.
OF_NO_ACCOUNT = {
    "user-agent",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "accept-encoding",
    "expect",
    "connection",
}
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
SECRETS = st.text("abcXYZ019+/=", min_size=1, max_size=40)
TOKENS = st.one_of(st.none(), st.text("abcXYZ019+/=", min_size=1, max_size=400))


class Both:
    """botocore's clients and ours, side by side, before a peer that answers both alike."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        session = botocore.session.Session()
        session.set_credentials("k", "s")
        self._theirs: Any = session.get_credentials()
        self.variables: dict[str, str] = {}
        config = Config(
            retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, parameter_validation=False
        )
        self.dynamo: Any = session.create_client("dynamodb", REGION, endpoint_url=peer.url, config=config)
        self.s3: Any = session.create_client("s3", REGION, endpoint_url=peer.url, config=config)
        self.writer = BatchWriter(self._service("dynamodb", peer.url), "t")
        self.bucket = Bucket(self._service("s3", f"{peer.url}/bucket"), "bucket", sleep=lambda _: None)

    def _service(self, name: str, url: str) -> SignedHttp:
        credentials = Credentials(self.variables)
        return SignedHttp(name, url, region=REGION, credentials=credentials, tls=Tls(), clock=NOW.timestamp)

    def sign_with(self, secret: str, token: str | None) -> None:
        """Exchange the credentials of both."""
        self._theirs.secret_key, self._theirs.token = secret, token
        self.variables.update(AWS_ACCESS_KEY_ID="k", AWS_SECRET_ACCESS_KEY=secret)
        self.variables["AWS_SESSION_TOKEN"] = token or ""

    def assert_equal(self) -> None:
        """The last two requests differ in nothing that matters."""
        theirs, ours = (_essence(received) for received in self._peer.requests[-2:])
        assert ours == theirs


def _essence(received: Received) -> tuple[str, str, dict[str, str], bytes]:
    headers = {name: value for name, value in received.headers.items() if name not in OF_NO_ACCOUNT}
    assert "signature=" in headers["authorization"].lower()
    return received.method, received.target, headers, received.body


def answer(_: int, received: Received) -> list[bytes]:
    body = b'{"UnprocessedItems":{}}' if "x-amz-target" in received.headers else b""
    return [reply(200, body, ETag='"e"')]


@pytest.fixture(scope="module")
def both() -> Iterator[Both]:
    with (
        Peer(answer) as peer,
        patch("botocore.auth.get_current_datetime", lambda *_, **__: NOW),
    ):
        yield Both(peer)


@given(customer=KEYS, secret=SECRETS, token=TOKENS)
def test_a_write_is_signed_as_botocore_signs_it(
    both: Both, customer: str, secret: str, token: str | None
) -> None:
    """Any secret, with or without a session token, any characters in the item."""
    both.sign_with(secret, token)
    request = {"PutRequest": {"Item": {"customer_id": {"S": customer}, "event_key": {"S": "e"}}}}
    both.dynamo.batch_write_item(RequestItems={"t": [request]})
    # botocore's own spelling of JSON, so that the bytes can be compared
    body = both._peer.requests[-1].body
    sent = json.loads(body)["RequestItems"]["t"][0]
    assert sent == request
    begin, end = body.index(b'{"PutRequest"'), body.rindex(b"]}}")
    spelled = body[begin:end].decode()
    both.writer._begin = body[:begin].decode()
    both.writer([Put(customer, "e", spelled)])
    both.assert_equal()


@given(key=KEYS, body=st.binary(max_size=300), token=TOKENS)
def test_an_upload_is_signed_as_botocore_signs_it(
    both: Both, key: str, body: bytes, token: str | None
) -> None:
    """Any key, quoted the same; the checksum is the same too."""
    both.sign_with("secret", token)
    both.s3.put_object(Bucket="bucket", Key=key, Body=body, ContentType="text/plain")
    both.bucket.put(key, body, "text/plain")
    both.assert_equal()


@given(key=KEYS, etag=st.sampled_from(["", '"e1"', 'W/"weak"']))
def test_a_read_is_signed_as_botocore_signs_it(both: Both, key: str, etag: str) -> None:
    """With and without a condition."""
    both.sign_with("secret", "token")
    both.s3.get_object(Bucket="bucket", Key=key, **({"IfNoneMatch": etag} if etag else {}))["Body"].read()
    both.bucket.get_if_changed(key, etag)
    both.assert_equal()


HEADERS = st.dictionaries(
    st.sampled_from(["Content-Type", "X-Amz-Target", "x-amz-meta-a", "If-None-Match"]),
    st.one_of(st.just("two  spaces; and, more"), st.text("abc XYZ019+/=\"'-;:.", max_size=40).map(str.strip)),
)


@given(
    service=st.sampled_from(["dynamodb", "s3"]),
    method=st.sampled_from(["GET", "PUT", "POST"]),
    host=st.sampled_from(["dynamodb.eu-west-1.amazonaws.com", "b.s3.amazonaws.com", "localhost:4566"]),
    key=KEYS,
    headers=HEADERS,
    body=st.binary(max_size=200),
    secret=SECRETS,
    token=TOKENS,
    seconds=st.integers(0, 4_000_000_000),
)
def test_any_signature_is_that_of_botocores_signer(
    service: str,
    method: str,
    host: str,
    key: str,
    headers: dict[str, str],
    body: bytes,
    secret: str,
    token: str | None,
    seconds: int,
) -> None:
    """The same headers, letter by letter, for any request, credentials and time."""
    path = "/" + quote(key, safe="/-._~") if service == "s3" else "/"
    request = AWSRequest(method, f"https://{host}{path}", headers=dict(headers), data=body)
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    then = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    with patch("botocore.auth.get_current_datetime", lambda *_, **__: then):
        signer(ReadOnlyCredentials("k", secret, token), service, REGION).add_auth(request)
    ours = signed(
        method,
        host,
        path,
        headers,
        body,
        keys=Keys("k", secret, token),
        service=service,
        region=REGION,
        now=seconds,
    )
    assert ours == dict(request.headers.items())
