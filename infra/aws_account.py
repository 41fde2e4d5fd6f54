"""Whose AWS account a deployment goes to, asked before anything takes time."""

from dataclasses import dataclass

import boto3
from botocore import exceptions as aws
from botocore.config import Config

from infra.aws_errors import access_line, other_line
from infra.errors import DeployError

DEFAULT_REGION = "us-east-1"  # serverless.yml's own, where neither environment nor profile names one
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


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
            raise aws.NoCredentialsError
        frozen = found.get_frozen_credentials()
        who = session.client("sts", region_name=where, config=QUICK).get_caller_identity()
    except (aws.BotoCoreError, aws.ClientError, ValueError) as error:
        line = access_line(error) or other_line(error)
        if line is None:
            raise
        raise DeployError(line) from None
    variables = {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token,
    }
    given = {name: value for name, value in variables.items() if value}
    return Account(who["Account"], where, who["Arn"], given)
