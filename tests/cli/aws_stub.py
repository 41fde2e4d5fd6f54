"""AWS on loopback, as far as it takes to be refused: answers in the words and forms of the services."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from tests.scorer.peer import Received, Step, from_dynamo, reply

STACK = "churn-telco-dev"
OUTPUTS = {
    "StreamName": f"{STACK}-events",
    "TableName": f"{STACK}-predictions",
    "BucketName": f"{STACK}-bucket",
    "SchemaName": "telco",
}
TOLD = {  # AWS's own sentences
    "ExpiredToken": "The security token included in the request is expired",
    "ExpiredTokenException": "The security token included in the request is expired",
    "InvalidClientTokenId": "The security token included in the request is invalid.",
    "UnrecognizedClientException": "The security token included in the request is invalid.",
    "SignatureDoesNotMatch": "The request signature we calculated does not match the signature you provided.",
    "AccessDenied": "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: "
    "cloudformation:DescribeStacks on resource: "
    f"arn:aws:cloudformation:eu-west-1:123456789012:stack/{STACK}/* because no identity-based policy allows "
    "the cloudformation:DescribeStacks action",
    "AccessDeniedException": "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: "
    f"dynamodb:Query on resource: arn:aws:dynamodb:eu-west-1:123456789012:table/{STACK}-predictions because "
    "no identity-based policy allows the dynamodb:Query action",
    "ValidationError": f"Stack with id {STACK} does not exist",
}


def refused(code: str, status: int = 403) -> bytes:
    """An error of CloudFormation."""
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{TOLD[code]}</Message></Error>"
    return reply(status, f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>".encode())


def described(status: str = "CREATE_COMPLETE", outputs: dict[str, str] = OUTPUTS) -> bytes:
    """The answer to DescribeStacks."""
    members = "".join(
        f"<member><OutputKey>{key}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for key, value in outputs.items()
    )
    stack = f"<StackName>{STACK}</StackName><StackStatus>{status}</StackStatus><Outputs>{members}</Outputs>"
    body = f"<DescribeStacksResult><Stacks><member>{stack}</member></Stacks></DescribeStacksResult>"
    return reply(200, f"<DescribeStacksResponse>{body}</DescribeStacksResponse>".encode())


def refused_by_dynamodb(code: str) -> bytes:
    """An error of DynamoDB."""
    kind = f"com.amazon.coral.service#{code}"
    return from_dynamo(json.dumps({"__type": kind, "message": TOLD[code]}).encode(), 400)


def refused_by_s3(code: str, status: int = 403) -> bytes:
    """An error of S3, which does not say what it refused."""
    return reply(status, f"<Error><Code>{code}</Code><Message>Access Denied</Message></Error>".encode())


def answering(stack: bytes, others: bytes = b"") -> Callable[[int, Received], Iterable[Step]]:
    """What a Peer does: `stack` for CloudFormation, `others` for everything else."""
    return lambda _, received: [stack if b"Action=DescribeStacks" in received.body else others]
