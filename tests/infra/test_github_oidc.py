"""infra/github_oidc.yml: who may deploy from GitHub, and what with."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode import decode

from infra.paths import PROJECT
from tests.infra.rendering import Service, lint

TEMPLATE = PROJECT / "infra" / "github_oidc.yml"
MOST_POLICY_CHARACTERS = 10_240  # of all inline policies of a role, without white space: an IAM quota
# These take no ARN, or only all of them; a mapping is bound to its function by a condition instead.
WITHOUT_ARN = {
    "cloudformation:ValidateTemplate",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetMetricData",
    "lambda:CreateEventSourceMapping",
    "lambda:DeleteEventSourceMapping",
    "lambda:UpdateEventSourceMapping",
    "logs:DescribeLogGroups",
}
# What creating, changing and taking back each type of resource needs at least, of its own.
NEEDED = {
    "AWS::CloudWatch::Alarm": {"cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"},
    "AWS::CloudWatch::CompositeAlarm": {"cloudwatch:PutCompositeAlarm", "cloudwatch:DeleteAlarms"},
    "AWS::CloudWatch::Dashboard": {"cloudwatch:PutDashboard", "cloudwatch:DeleteDashboards"},
    "AWS::CodeDeploy::Application": {"codedeploy:CreateApplication", "codedeploy:DeleteApplication"},
    "AWS::CodeDeploy::DeploymentGroup": {
        "codedeploy:CreateDeploymentGroup", "codedeploy:UpdateDeploymentGroup", "iam:PassRole",
    },
    "AWS::DynamoDB::Table": {"dynamodb:CreateTable", "dynamodb:UpdateTable", "dynamodb:UpdateTimeToLive"},
    "AWS::IAM::Role": {"iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRole", "iam:DeleteRolePolicy"},
    "AWS::Kinesis::Stream": {"kinesis:CreateStream", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode"},
    "AWS::Kinesis::StreamConsumer": {
        "kinesis:RegisterStreamConsumer", "kinesis:DeregisterStreamConsumer",
    },
    "AWS::Lambda::Alias": {"lambda:CreateAlias", "lambda:UpdateAlias", "codedeploy:CreateDeployment"},
    "AWS::Lambda::EventSourceMapping": {
        "lambda:CreateEventSourceMapping", "lambda:UpdateEventSourceMapping",
    },
    "AWS::Lambda::Function": {"lambda:CreateFunction", "lambda:UpdateFunctionCode", "iam:PassRole"},
    "AWS::Lambda::Version": {"lambda:PublishVersion"},
    "AWS::Logs::LogGroup": {"logs:CreateLogGroup", "logs:PutRetentionPolicy"},
    "AWS::S3::Bucket": {"s3:CreateBucket", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"},
    "AWS::S3::BucketPolicy": {"s3:PutBucketPolicy", "s3:GetBucketPolicy"},
    "AWS::SNS::Topic": {"sns:CreateTopic", "sns:SetTopicAttributes", "sns:Subscribe"},
    "AWS::SNS::TopicPolicy": {"sns:SetTopicAttributes"},
}  # fmt: skip
SMOKE_TEST = {
    "cloudformation:DescribeStacks", "kinesis:PutRecord", "kinesis:PutRecords", "dynamodb:Query",
    "dynamodb:DeleteItem", "s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject",
    "cloudwatch:GetMetricData",
}  # fmt: skip


@pytest.fixture(scope="module")
def deployer() -> dict[str, Any]:
    template, problems = decode(str(TEMPLATE))
    assert not problems
    return dict(template["Resources"]["Deployer"]["Properties"])


@pytest.fixture(scope="module")
def statements(deployer: dict[str, Any]) -> list[dict[str, Any]]:
    (policy,) = deployer["Policies"]
    return list(policy["PolicyDocument"]["Statement"])


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def actions_of(statements: list[dict[str, Any]]) -> set[str]:
    return {action for statement in statements for action in as_list(statement["Action"])}


def test_cfn_lint_finds_nothing() -> None:
    """The template follows CloudFormation's own schemas."""
    assert lint(TEMPLATE) == ""


def test_only_one_environment_of_one_repository_is_let_in(deployer: dict[str, Any]) -> None:
    """By the whole subject, not a pattern: another branch, fork or environment gets no session."""
    (trust,) = deployer["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert list(trust["Condition"]) == ["StringEquals"]
    issuer = "token.actions.githubusercontent.com"
    assert trust["Condition"]["StringEquals"] == {
        f"{issuer}:aud": "sts.amazonaws.com",
        f"{issuer}:sub": {"Fn::Sub": "repo:${Repository}:environment:${Stage}"},
    }


def test_every_action_is_one_that_aws_has(statements: list[dict[str, Any]]) -> None:
    """No wildcard, and no name that was misremembered, by the list that cfn-lint carries."""
    known = json.loads(files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text())
    for action in actions_of(statements):
        service, name = action.split(":")
        assert name.lower() in known[service]["Actions"], action


def test_everything_that_takes_an_arn_has_this_stacks(statements: list[dict[str, Any]]) -> None:
    """Another stack of the same account is out of reach; for roles that may be passed, so is any other."""
    for statement in statements:
        for resource in as_list(statement["Resource"]):
            if resource == "*":
                assert set(as_list(statement["Action"])) <= WITHOUT_ARN
            elif "event-source-mapping" in resource["Fn::Sub"]:
                changing = {each for each in as_list(statement["Action"]) if "tag" not in each.lower()}
                assert changing == {"lambda:GetEventSourceMapping"}
            elif "deploymentconfig" in resource["Fn::Sub"]:
                assert statement["Action"] == "codedeploy:GetDeploymentConfig"
            else:
                assert "churn-${Schema}-${Stage}" in resource["Fn::Sub"]
    (passing,) = (s for s in statements if "iam:PassRole" in as_list(s["Action"]))
    assert set(passing["Condition"]["StringEquals"]["iam:PassedToService"]) == {
        "lambda.amazonaws.com", "codedeploy.amazonaws.com",
    }  # fmt: skip


def test_it_suffices_for_every_resource_of_prod_and_for_the_smoke_test(
    statements: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A new type of resource in the template needs its actions here."""
    granted = actions_of(statements)
    template = Service(tmp_path).template(tmp_path / "prod", "prod")
    for kind in {resource["Type"] for resource in template["Resources"].values()}:
        assert NEEDED[kind] <= granted, kind
    assert granted >= SMOKE_TEST


def test_the_policy_fits_into_a_role(statements: list[dict[str, Any]]) -> None:
    """Under the quota, with the longest names that a stack may have."""
    text = json.dumps(statements, separators=(",", ":"))
    names = {
        "Schema": "s" * 20,
        "Stage": "prod",
        "AWS::Partition": "aws-us-gov",
        "AWS::Region": "ap-southeast-2",
    }
    for name, value in {**names, "AWS::AccountId": "0" * 12}.items():
        text = text.replace(f"${{{name}}}", value)
    assert len(text) < MOST_POLICY_CHARACTERS
