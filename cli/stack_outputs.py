"""The outputs of a deployed stack, or the line that says why there are none."""

from __future__ import annotations

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cli.errors import CommandError

REQUIRED = ("StreamName", "TableName", "BucketName", "SchemaName")
# The first call of every command: whoever has no network or another region shall not wait for minutes.
QUICK = Config(connect_timeout=5, read_timeout=15, retries={"total_max_attempts": 2})


def stack_outputs(stack: str, stage: str) -> dict[str, str]:
    """The outputs by name, all REQUIRED among them; CommandError where the stack is not there or whole.

    Follows the standard AWS environment; other errors of AWS are raised as they are.
    """
    client = boto3.client("cloudformation", config=QUICK)
    try:
        described = client.describe_stacks(StackName=stack)["Stacks"][0]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise CommandError(
            f"stage {stage} is not up: no stack {stack} in region {client.meta.region_name} of this account; "
            f"run `make deploy STAGE={stage}` or choose another --schema or region"
        ) from None
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    if missing := [name for name in REQUIRED if name not in outputs]:
        raise CommandError(
            f"stage {stage} is not whole: stack {stack} is {described.get('StackStatus')} and has no output "
            f"{missing[0]}; where a deployment is under way wait for it, else see the troubleshooting of "
            "docs/deploy.md"
        )
    return outputs
