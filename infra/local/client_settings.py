"""What an AWS client needs to talk to the embedded AWS, and to nothing else whatever the user has set."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    import boto3

HOST = "127.0.0.1"  # the embedded AWS accepts any credentials, so it listens on loopback only
REGION = "us-east-1"
FAKE_CREDENTIAL = "test"  # the emulator accepts any
NO_PROXY_VARIABLES = ("no_proxy", "NO_PROXY")  # programs differ in which one they read


class ClientArguments(TypedDict):
    """Keyword arguments of `boto3.client`."""

    endpoint_url: str
    aws_access_key_id: str
    aws_secret_access_key: str
    region_name: str


def client_environment(endpoint_url: str) -> dict[str, str]:
    """The variables to set for `endpoint_url`; the credentials are fake and only reach loopback.

    Alone they do not undo what else a user has set: `clean_environment` does.
    """
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": FAKE_CREDENTIAL,
        "AWS_SECRET_ACCESS_KEY": FAKE_CREDENTIAL,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **dict.fromkeys(NO_PROXY_VARIABLES, HOST),
    }


def clean_environment(base: Mapping[str, str], endpoint_url: str) -> dict[str, str]:
    """The environment `base` made fit for whatever talks to the local stage at `endpoint_url`.

    No AWS_* variable of `base` survives (a profile, an endpoint of one service or the order to ignore
    endpoints would lead elsewhere), no AWS file is read, and loopback goes through no proxy. Proxies stay
    for other hosts, because a data set may be behind one.
    """
    kept = {name: value for name, value in base.items() if not name.startswith("AWS_")}
    exempt = dict.fromkeys(NO_PROXY_VARIABLES, _with_loopback(base))
    return {**kept, **client_environment(endpoint_url), **exempt}


def _with_loopback(base: Mapping[str, str]) -> str:
    lists = ",".join(base.get(name, "") for name in NO_PROXY_VARIABLES)
    hosts = [host.strip() for host in lists.split(",") if host.strip()]
    # "*" means every host only where it stands alone
    return "*" if "*" in hosts else ",".join(dict.fromkeys([*hosts, HOST]))


def client_arguments(endpoint_url: str) -> ClientArguments:
    """Endpoint, region and credentials for code that must not touch the environment."""
    return {
        "endpoint_url": endpoint_url,
        "aws_access_key_id": FAKE_CREDENTIAL,
        "aws_secret_access_key": FAKE_CREDENTIAL,
        "region_name": REGION,
    }


def isolated_session() -> "boto3.Session":
    """A session that reads no variable, no file and no proxy setting; its clients need `client_arguments`."""
    import boto3  # not at the top: `churn --help` imports this module
    import botocore.session
    from botocore.config import Config

    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
    }
    for file in ("config_file", "credentials_file"):
        variables[file] = (None, None, os.devnull, None)
    session = botocore.session.Session(session_vars=variables)
    session.set_default_client_config(Config(proxies={}))  # none, where None would mean the environment's
    return boto3.Session(botocore_session=session)
