"""What an AWS client needs to talk to the embedded AWS instead of the real one."""

from typing import TypedDict

REGION = "us-east-1"
FAKE_CREDENTIAL = "test"  # the emulator accepts any


class ClientArguments(TypedDict):
    """Keyword arguments of `boto3.client`."""

    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str
    region_name: str


def client_environment(endpoint_url: str) -> dict[str, str]:
    """The standard AWS variables for `endpoint_url`; the credentials are fake and only reach loopback."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": FAKE_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": FAKE_CREDENTIAL,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
    }


def client_arguments(endpoint_url: str) -> ClientArguments:
    """The same for code that must not touch the environment."""
    return {
        "endpoint_url": endpoint_url,
        "aws_access_key_id": FAKE_CREDENTIAL,
        "aws_secret_access_key": FAKE_CREDENTIAL,
        "region_name": REGION,
    }
