"""The scorer's role on an embedded AWS that enforces IAM: it suffices, and nothing of it is spare.

Proved, by denials: the deployed function, with its role's own credentials, scores a batch and keeps what it
cannot score; the event source companion reads the stream and keeps what it gives up with them; and each
action and each resource, taken away, makes one of these fail.

Not proved, because no emulator does it: what Lambda's own poller asks for. That is what its documentation
and its errors name ("ensure the role can perform the GetRecords, GetShardIterator, DescribeStream,
ListShards, and DescribeStreamSummary Actions on your stream"; s3:ListBucket and s3:PutObject for a bucket as
destination), and is done here by hand. Enhanced fan-out and a key of one's own are not there either:
test_roles.py reads them in the template. S3 says here that a missing object is missing where AWS, without
s3:ListBucket, says that it is forbidden.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from botocore.exceptions import ClientError

from infra.local import companions_process
from infra.local.stage import local_stage
from tests.infra.enforced import EnforcedStack, Policy, as_list

pytestmark = pytest.mark.emulator
Duty = Callable[[EnforcedStack], list[str]]
CHECK, SCORE, LOAD, GIVE_UP, LOG = (
    EnforcedStack.check_the_stream,
    EnforcedStack.score_a_batch,
    EnforcedStack.load_the_model,
    EnforcedStack.give_a_batch_up,
    EnforcedStack.write_the_log,
)
# Statement, one action or resource of it, and what fails without.
NEEDED: list[tuple[str, str, Duty, str]] = [
    ("ReadEvents", "kinesis:DescribeStream", CHECK, "kinesis:DescribeStream is denied"),
    ("ReadEvents", "kinesis:DescribeStreamSummary", CHECK, "kinesis:DescribeStreamSummary is denied"),
    ("ReadEvents", "kinesis:ListShards", SCORE, "kinesis:ListShards is denied"),
    ("ReadEvents", "kinesis:GetShardIterator", SCORE, "kinesis:GetShardIterator is denied"),
    ("ReadEvents", "kinesis:GetRecords", SCORE, "kinesis:GetRecords is denied"),
    ("WritePredictions", "dynamodb:BatchWriteItem", SCORE, "the event has no prediction"),
    ("ReadModels", "s3:GetObject", LOAD, "AccessDenied"),
    ("TellMissingFromForbidden", "s3:ListBucket", GIVE_UP, "s3:HeadBucket is denied"),
    ("KeepWhatCouldNotBeScored", "s3:PutObject", SCORE, "the bytes are not kept"),
    ("KeepWhatCouldNotBeScored", "/rejected/*", SCORE, "the bytes are not kept"),
    ("KeepWhatCouldNotBeScored", "/aws/lambda/*", GIVE_UP, "s3:PutObject is denied"),
    ("WriteLogs", "logs:CreateLogStream", LOG, "logs:CreateLogStream is denied"),
    ("WriteLogs", "logs:PutLogEvents", LOG, "logs:PutLogEvents is denied"),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EnforcedStack]:
    """Reached over plain HTTP, which the bucket's policy rightly denies, so that policy is taken away."""
    with local_stage(tmp_path_factory.mktemp("enforced"), enforce_iam=True) as stage:
        companions_process.stop(stage)  # they read with root's credentials
        found = EnforcedStack(stage)
        refused = found.load_the_model()
        assert "AccessDenied" in str(refused), "the bucket's policy denies plain HTTP"
        found.s3.delete_bucket_policy(Bucket=stage.bucket)
        yield found


def grants(policy: Policy) -> set[tuple[str, str]]:
    """Each action of each statement, and each resource of those that have several."""
    found: set[tuple[str, str]] = set()
    for statement in policy["Statement"]:
        resources = as_list(statement["Resource"])
        found |= {(statement["Sid"], action) for action in as_list(statement["Action"])}
        found |= {(statement["Sid"], resource) for resource in resources if len(resources) > 1}
    return found


def test_the_role_suffices(stack: EnforcedStack) -> None:
    """All that is done with it succeeds, from a cold start to the log, and no request is denied."""
    with stack.allowed(stack.deployed):
        troubles = {duty.__name__: duty(stack) for duty in (CHECK, LOAD, SCORE, GIVE_UP, LOG)}
    assert not any(troubles.values()), troubles


def test_nothing_is_granted_that_no_test_below_takes_away(stack: EnforcedStack) -> None:
    """A new action or resource needs a line in NEEDED."""
    known = {(sid, part) for sid, part, _, _ in NEEDED}
    bucket = f"arn:aws:s3:::{stack.stage.bucket}"
    assert {(sid, part.removeprefix(bucket)) for sid, part in grants(stack.deployed)} == known


@pytest.mark.parametrize(
    ("sid", "part", "duty", "trouble"), NEEDED, ids=[f"{sid}-{part}" for sid, part, _, _ in NEEDED]
)
def test_nothing_is_spare(stack: EnforcedStack, sid: str, part: str, duty: Duty, trouble: str) -> None:
    """Without one action or resource, what it is for fails, and says so."""
    if ":" in part:
        policy = stack.without(sid, action=part)
    else:
        policy = stack.without(sid, resource=f"arn:aws:s3:::{stack.stage.bucket}{part}")
    with stack.allowed(policy):
        found = duty(stack)
    assert any(trouble in each for each in found), found


def test_what_is_not_granted_is_denied(stack: EnforcedStack) -> None:
    """The enforcement is real: the role can read no prediction, replace no model and publish no event."""
    session = stack.as_role.client
    key = "models/telco/champion.json"
    forbidden: list[Callable[[], object]] = [
        lambda: session("s3").put_object(Bucket=stack.stage.bucket, Key=key, Body=b""),
        lambda: session("s3").delete_object(Bucket=stack.stage.bucket, Key=key),
        lambda: session("s3").get_object(Bucket=stack.stage.bucket, Key="rejected/x"),
        lambda: session("dynamodb").scan(TableName=stack.stage.table),
        lambda: session("kinesis").put_record(StreamName=stack.stage.stream, Data=b"x", PartitionKey="k"),
        lambda: session("iam").list_roles(),
    ]
    for attempt in forbidden:
        with pytest.raises(ClientError, match=r"AccessDenied|not authorized"):
            attempt()
