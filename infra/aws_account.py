"""Whose AWS account a deployment goes to, asked before anything takes time."""

from dataclasses import dataclass

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from infra.errors import DeployError

DEFAULT_REGION = "us-east-1"  # serverless.yml's own, where neither environment nor profile names one
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
SIGN_IN = "sign in (`aws sso login`), or set AWS_PROFILE or AWS_ACCESS_KEY_ID"


@dataclass(frozen=True, slots=True)
class Account:
    """An account as its caller sees it; `credentials` are AWS_ variables that any other tool understands."""

    number: str
    region: str
    caller: str
    credentials: dict[str, str]


def find_account(region: str | None = None) -> Account:
    """Who the standard AWS variables and profiles say one is; takes at most half a minute.

    `region` goes before AWS_DEFAULT_REGION and the profile's. Raises DeployError with one line where there
    are no credentials, where they have expired or AWS does not know them, and where AWS cannot be reached.
    """
    try:
        session = boto3.Session(region_name=region)
        where = session.region_name or DEFAULT_REGION
        found = session.get_credentials()
        if found is None:
            raise DeployError(f"no AWS credentials: {SIGN_IN}")
        frozen = found.get_frozen_credentials()
        who = session.client("sts", region_name=where, config=QUICK).get_caller_identity()
    except (aws.BotoCoreError, aws.ClientError) as error:
        raise DeployError(_line(error)) from None
    variables = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
    }
    given = {name: value for name, value in variables.items() if value}
    return Account(who["Account"], where, who["Arn"], given)


def _line(error: Exception) -> str:
    sso = aws.UnauthorizedSSOTokenError | aws.SSOTokenLoadError | aws.TokenRetrievalError
    if isinstance(error, sso) or (isinstance(error, aws.ClientError) and _code(error) in EXPIRED):
        return f"the AWS credentials have expired: {SIGN_IN}"
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return f"no AWS credentials: {SIGN_IN}"
    if isinstance(error, aws.ClientError):
        told = error.response.get("Error", {}).get("Message") or "no reason given"
        return f"AWS does not accept the credentials ({_code(error)}: {told}): {SIGN_IN}"
    if isinstance(error, aws.HTTPClientError | aws.ConnectionError):
        return f"AWS cannot be reached ({' '.join(str(error).split())}): check the network and AWS_REGION"
    return f"AWS settings: {' '.join(str(error).split())}; check your AWS profile and AWS_ variables"


def _code(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "unknown"))
