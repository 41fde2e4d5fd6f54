"""The scorer's own connections to a Peer that plays AWS."""

from __future__ import annotations

import math
import socket
from collections.abc import Callable

from infra.local.client_settings import client_environment
from infra.local.stage import LocalStage
from scorer.aws.credentials import Credentials
from scorer.aws.endpoints import read_endpoints
from scorer.aws.signed_http import SignedHttp, Tls
from scorer.bucket import Bucket
from tests.scorer.peer import Peer

VARIABLES = {
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "AWS_SESSION_TOKEN": "a token+/=",
}
REGION = "eu-central-1"


def service_at(
    url: str,
    service: str = "dynamodb",
    *,
    ends: Callable[[], float] = lambda: math.inf,
    ca_bundle: str = "",
) -> SignedHttp:
    """A service at an address of the test's choice."""
    return SignedHttp(
        service,
        url,
        region=REGION,
        credentials=Credentials(VARIABLES),
        tls=Tls(ca_bundle),
        ends=ends,
        connections=8,
    )


def emulated(stage: LocalStage, service: str, bucket: str = "") -> SignedHttp:
    """A service of the embedded AWS, found as the function finds it."""
    variables = client_environment(stage.endpoint_url)
    endpoints = read_endpoints(variables)
    url = endpoints.bucket(bucket) if bucket else endpoints.dynamodb
    return SignedHttp(
        service, url, region=endpoints.region, credentials=Credentials(variables), tls=Tls(), connections=8
    )


def bucket_at(peer: Peer) -> Bucket:
    """A bucket with its name in the path, as it is at an address that was given; no pause is waited for."""
    return Bucket(service_at(f"{peer.url}/bucket", "s3"), "bucket", sleep=lambda _: None)


def refused_url() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"
