"""Where AWS is: its public addresses, or those the environment names (an emulator, a VPC endpoint).

https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from scorer.errors import SettingsError

# By how a region begins. Other partitions have domains of their own, which nobody here could try.
DOMAINS = {"cn-": "amazonaws.com.cn"}
OTHER_PARTITIONS = ("us-iso", "eu-iso", "eusc-")
TRUE = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Addresses of the services, without a slash at the end; an empty one stands for AWS's own."""

    region: str
    dynamodb_address: str = ""
    s3_address: str = ""
    ca_bundle: str = ""

    @property
    def dynamodb(self) -> str:
        return self.dynamodb_address or f"https://dynamodb.{self.region}.{_domain(self.region)}"

    def bucket(self, name: str) -> str:
        """The bucket's own host; its name in the path where the address was given, or where a dot in the name
        would not fit AWS's certificate.
        """
        own = f"s3.{self.region}.{_domain(self.region)}"
        if self.s3_address or "." in name:
            return f"{self.s3_address or f'https://{own}'}/{name}"
        return f"https://{name}.{own}"


def read_endpoints(variables: Mapping[str, str]) -> Endpoints:
    """Region and addresses from the environment. Raises SettingsError naming the variable."""
    region = variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION")
    if not region:
        raise SettingsError("AWS_REGION: not set; Lambda sets it, elsewhere set it or AWS_DEFAULT_REGION")
    found = Endpoints(
        region=region,
        dynamodb_address=_address(variables, "AWS_ENDPOINT_URL_DYNAMODB"),
        s3_address=_address(variables, "AWS_ENDPOINT_URL_S3"),
        ca_bundle=variables.get("AWS_CA_BUNDLE", ""),
    )
    if not (found.dynamodb_address and found.s3_address):
        _refuse_unknown_hosts(variables, region)
    return found


def _address(variables: Mapping[str, str], name: str) -> str:
    if variables.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == TRUE:
        return ""
    used = next((n for n in (name, "AWS_ENDPOINT_URL") if variables.get(n)), None)
    if used is None:
        return ""
    if not _is_address(variables[used]):
        raise SettingsError(f"{used}: found {variables[used][:80]!r}, expected http(s)://host[:port][/path]")
    return variables[used].rstrip("/")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0
    return whole and not (parts.query or parts.fragment or parts.username)


def _refuse_unknown_hosts(variables: Mapping[str, str], region: str) -> None:
    advice = "set AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL_S3"
    for name in ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"):
        if variables.get(name, "").lower() == TRUE:
            raise SettingsError(f"{name}: the scorer does not know those addresses; {advice}")
    if region.startswith(OTHER_PARTITIONS):
        raise SettingsError(f"AWS_REGION: the scorer does not know the addresses of {region}; {advice}")


def _domain(region: str) -> str:
    return next((domain for begin, domain in DOMAINS.items() if region.startswith(begin)), "amazonaws.com")
