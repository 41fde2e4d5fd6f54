"""Where the function finds AWS: as botocore does, or as it is told."""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from scorer.aws.endpoints import read_endpoints
from scorer.errors import SettingsError

# Of every partition whose domain is known here.
REGIONS = ["us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1", "cn-north-1", "cn-northwest-1"]
LOCAL = "http://127.0.0.1:4566"


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("bucket", ["churn-telco-prod", "with.dot"])
def test_addresses_are_those_of_botocore(region: str, bucket: str) -> None:
    """In the regions of three partitions, with a bucket that fits AWS's certificate and one that does not."""
    session = botocore.session.Session()
    session.set_credentials("k", "s")
    dynamo: Any = session.create_client("dynamodb", region)
    s3: Any = session.create_client(
        "s3", region, config=Config(s3={"us_east_1_regional_endpoint": "regional"})
    )
    sent: list[str] = []
    for client in (dynamo, s3):
        client.meta.events.register("before-send", lambda request, **_: _stop(sent, request.url))
    with pytest.raises(ValueError, match="not to be sent"):
        dynamo.list_tables()
    with pytest.raises(ValueError, match="not to be sent"):
        s3.get_object(Bucket=bucket, Key="key")
    found = read_endpoints({"AWS_REGION": region})
    assert sent == [f"{found.dynamodb}/", f"{found.bucket(bucket)}/key"]


def _stop(sent: list[str], url: str) -> None:
    sent.append(url)
    raise ValueError("not to be sent")


def test_an_address_for_all_services_and_one_for_each() -> None:
    """The service's own goes before the common one; a given S3 address takes the bucket in the path."""
    found = read_endpoints({"AWS_REGION": "r", "AWS_ENDPOINT_URL": LOCAL + "/"})
    assert (found.dynamodb, found.bucket("b")) == (LOCAL, f"{LOCAL}/b")
    found = read_endpoints(
        {
            "AWS_DEFAULT_REGION": "r",
            "AWS_ENDPOINT_URL": LOCAL,
            "AWS_ENDPOINT_URL_S3": "https://s3.local/x",
            "AWS_ENDPOINT_URL_DYNAMODB": "http://[::1]:8000",
        }
    )
    assert (found.region, found.dynamodb, found.bucket("b")) == (
        "r",
        "http://[::1]:8000",
        "https://s3.local/x/b",
    )


def test_configured_addresses_can_be_ignored() -> None:
    """The variable that the AWS SDKs have for it."""
    variables = {"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": LOCAL}
    found = read_endpoints(variables | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "True"})
    assert found.dynamodb == "https://dynamodb.eu-west-1.amazonaws.com"


def test_a_region_is_needed() -> None:
    """The line names the variable; where both are set, Lambda's own counts."""
    with pytest.raises(SettingsError, match="AWS_REGION: not set"):
        read_endpoints({"AWS_REGION": ""})
    assert read_endpoints({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}).region == "a"


@pytest.mark.parametrize(
    "url", ["localhost:4566", "ftp://h", "http://", "http://h/?q", "http://h/#f", "  ", "http://h:port"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """At start, not at the first batch."""
    with pytest.raises(SettingsError, match=r"AWS_ENDPOINT_URL: found .* expected http"):
        read_endpoints({"AWS_REGION": "r", "AWS_ENDPOINT_URL": url})


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_USE_FIPS_ENDPOINT": "true"},
        {"AWS_USE_FIPS_ENDPOINT": "TRUE"},
        {"AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"AWS_REGION": "us-iso-east-1"},
        {"AWS_REGION": "eusc-de-east-1"},
    ],
)
def test_addresses_nobody_here_knows_must_be_given(variables: dict[str, str]) -> None:
    """Refused rather than quietly talked past: a FIPS order is not to be ignored."""
    base = {"AWS_REGION": "eu-west-1"} | variables
    with pytest.raises(SettingsError, match="set AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_S3"):
        read_endpoints(base)
    given = {"AWS_ENDPOINT_URL_DYNAMODB": "https://d", "AWS_ENDPOINT_URL_S3": "https://s"}
    assert read_endpoints(base | given).dynamodb == "https://d"
