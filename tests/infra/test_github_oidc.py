"""infra/github_oidc.yml: who may deploy from GitHub, and what with."""

from __future__ import annotations

from typing import Any

import pytest
from cfnlint.decode import decode

from infra.paths import PROJECT
from tests.infra.rendering import lint
from tests.policies import as_list, statements

TEMPLATE = PROJECT / "infra" / "github_oidc.yml"
POLICIES = PROJECT / "infra" / "policies"
POLICY_ARN = "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/churn-${Schema}-${Stage}-"
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
def granted(deployer: dict[str, Any]) -> list[str]:
    """The policies of infra/policies/ that the role has, and it has no others."""
    assert "Policies" not in deployer
    arns = [arn["Fn::Sub"] for arn in deployer["ManagedPolicyArns"]]
    assert all(arn.startswith(POLICY_ARN) for arn in arns)
    return [arn.removeprefix(POLICY_ARN) for arn in arns]


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


def test_it_has_the_policies_that_people_have_who_deploy_and_try(granted: list[str]) -> None:
    """By the names under which docs/deploy.md makes them; they suffice for a release and its smoke test."""
    assert granted == ["deployer-of-code", "deployer-of-data", "smoke-test"]
    assert all((POLICIES / f"{name}.json").is_file() for name in granted)
    assert '--policy-name "$STACK-$name"' in (PROJECT / "docs" / "deploy.md").read_text()
    actions = {a for name in granted for s in statements(name) for a in as_list(s["Action"])}
    release = {"lambda:PublishVersion", "lambda:UpdateAlias", "codedeploy:CreateDeployment", "iam:PassRole"}
    assert actions >= release | SMOKE_TEST
