"""What each kind of people may do, no more than their commands need."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

from infra.paths import PROJECT
from scorer.erasure.items import TableClient
from scorer.erasure.remains import BackupsClient, StreamClient
from scorer.erasure.versions import VersionsClient
from tests import policies
from tests.policies import ACTIONS, OF_A_VERSION, as_list, statements
from training.registry.notify import SnsClient
from training.registry.storage import S3Client

MAX_POLICY_CHARACTERS = 6144  # of a managed policy, white space not counted
# CloudWatch checks GetMetricData against "*" (a `dataset` is something else); a query's results have no name.
NEED_STAR = {"cloudwatch:GetMetricData", "logs:GetQueryResults"}
# DescribeAlarms is allowed for all alarms or none; a mapping has an id of AWS's, so a condition names its
# function; the deployment configurations are AWS's own.
UNNAMED = (":alarm:*", ":event-source-mapping:*", ":deploymentconfig:CodeDeployDefault.*")
CREATED_BY = {
    "AWS::CloudWatch::Alarm": "cloudwatch:PutMetricAlarm",
    "AWS::CloudWatch::CompositeAlarm": "cloudwatch:PutCompositeAlarm",
    "AWS::CloudWatch::Dashboard": "cloudwatch:PutDashboard",
    "AWS::CodeDeploy::Application": "codedeploy:CreateApplication",
    "AWS::CodeDeploy::DeploymentGroup": "codedeploy:CreateDeploymentGroup",
    "AWS::DynamoDB::Table": "dynamodb:CreateTable",
    "AWS::IAM::Role": "iam:CreateRole",
    "AWS::Kinesis::Stream": "kinesis:CreateStream",
    "AWS::Kinesis::StreamConsumer": "kinesis:RegisterStreamConsumer",
    "AWS::Lambda::Alias": "lambda:CreateAlias",
    "AWS::Lambda::EventSourceMapping": "lambda:CreateEventSourceMapping",
    "AWS::Lambda::Function": "lambda:CreateFunction",
    "AWS::Lambda::Version": "lambda:PublishVersion",
    "AWS::Logs::LogGroup": "logs:CreateLogGroup",
    "AWS::S3::Bucket": "s3:CreateBucket",
    "AWS::S3::BucketPolicy": "s3:PutBucketPolicy",
    "AWS::SNS::Subscription": "sns:Subscribe",
    "AWS::SNS::Topic": "sns:CreateTopic",
    "AWS::SNS::TopicPolicy": "sns:SetTopicAttributes",
}
OF_OSLS = {"AWS::Lambda::Function", "AWS::Lambda::Version", "AWS::Logs::LogGroup"}


@pytest.fixture(scope="module")
def known() -> dict[str, Any]:
    """Every action of every service with the kinds of resources it takes, as cfn-lint keeps them."""
    text = files("cfnlint.data.AdditionalSpecs").joinpath("Policies.json").read_text()
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.fixture(params=policies.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def actions_of(name: str) -> set[str]:
    return {action for statement in statements(name) for action in as_list(statement["Action"])}


def called(*clients: type) -> set[str]:
    """The methods that a Protocol of a client names, as operations."""
    methods = {method for client in clients for method in vars(client) if not method.startswith("_")}
    return {"".join(part.capitalize() for part in method.split("_")) for method in methods}


def test_every_action_exists_and_none_is_a_wildcard(name: str, known: dict[str, Any]) -> None:
    """In AWS's own list of actions, so no typing error grants nothing."""
    for action in actions_of(name):
        service, _, verb = action.partition(":")
        assert "*" not in action
        assert verb.lower() in known[service]["Actions"], action


def test_a_resource_is_one_of_the_stack_where_the_service_allows_an_arn(
    name: str, known: dict[str, Any]
) -> None:
    """`*` only for what takes no ARN at all; any ARN names the stack, but for what AWS names itself."""
    for statement in statements(name):
        assert statement["Effect"] == "Allow"
        for resource in as_list(statement["Resource"]):
            for action in as_list(statement["Action"]):
                service, _, verb = action.partition(":")
                takes_arn = bool(known[service]["Actions"][verb.lower()].get("Resources"))
                assert (resource == "*") is (not takes_arn or action in NEED_STAR), (action, resource)
            if resource != "*":
                assert "churn-telco-dev" in resource or resource.endswith(UNNAMED), resource


def test_no_placeholder_is_left_and_the_policy_can_be_created(name: str) -> None:
    """Filled in, it fits into a managed policy."""
    filled = json.dumps({"Version": "2012-10-17", "Statement": statements(name)}, separators=(",", ":"))
    assert not re.search(r"\b(STACK|SCHEMA|ACCOUNT|REGION)\b", filled)
    assert len(filled) <= MAX_POLICY_CHARACTERS


def test_only_who_erases_may_delete_history_and_only_who_deploys_may_change_roles() -> None:
    """Versions of objects with events, items, and IAM."""
    for name in policies.names():
        granted = actions_of(name)
        is_deployer = name.startswith("deployer")
        assert any(action.startswith("iam:") for action in granted) is (name == "deployer-of-code")
        assert ("s3:DeleteObjectVersion" in granted) is (name in {"data-protection", "deployer-of-code"})
        assert ("dynamodb:BatchWriteItem" in granted) is (name == "data-protection")
        if not is_deployer:
            assert not any(
                re.search(r":(Create(?!Queue)|DeleteTable|DeleteBucket|DeleteStream)", a) for a in granted
            )


def test_a_deployer_cannot_read_what_customers_sent() -> None:
    """No item, no record, no object of the data bucket: only the code's own bucket."""
    for name in ("deployer-of-code", "deployer-of-data"):
        assert not actions_of(name) & {
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:GetItem",
            "kinesis:GetRecords",
        }
        for statement in statements(name):
            if "s3:GetObject" in as_list(statement["Action"]):
                assert "serverlessdeploymentbucket" in statement["Resource"]


def test_a_role_is_handed_to_its_services_only_and_a_mapping_to_its_function() -> None:
    """PassRole and the event source mapping are bound by conditions."""
    by_sid = {statement["Sid"]: statement for statement in statements("deployer-of-code")}
    passed = by_sid["HandTheRolesToTheirServicesOnly"]["Condition"]["StringEquals"]["iam:PassedToService"]
    assert passed == ["codedeploy.amazonaws.com", "lambda.amazonaws.com"]
    for sid in ("KeepTheMappingOfThisFunctionAlone", "MapToThisFunctionAlone"):
        functions = by_sid[sid]["Condition"]["ArnLike"]["lambda:FunctionArn"]
        assert all(":function:churn-telco-dev-scorer" in function for function in functions)


def test_the_deployer_may_create_every_kind_of_resource_of_the_template() -> None:
    """Those of infra/resources, and those that osls adds."""
    pages = (PROJECT / "infra" / "resources").glob("*.yml")
    kinds = {
        kind for page in pages for kind in re.findall(r"Type: (AWS::[\w:]+)", page.read_text())
    } | OF_OSLS
    granted = actions_of("deployer-of-code") | actions_of("deployer-of-data")
    assert {CREATED_BY[kind] for kind in kinds} <= granted


def test_who_trains_and_who_erases_may_make_the_calls_that_the_code_names() -> None:
    """By the Protocols of the clients that are used there."""
    needed = {ACTIONS.get(f"s3:{each}", f"s3:{each}") for each in called(S3Client)}
    needed |= {f"sns:{each}" for each in called(SnsClient)}
    assert actions_of("data-scientist") == needed | {"cloudformation:DescribeStacks"}
    needed = {ACTIONS.get(f"s3:{each}", f"s3:{each}") for each in called(VersionsClient)} | {"s3:ListBucket"}
    needed |= set(OF_A_VERSION.values())
    needed |= {f"dynamodb:{each}" for each in called(TableClient, BackupsClient)}
    needed |= {f"kinesis:{each}" for each in called(StreamClient)}
    assert actions_of("data-protection") == needed | {"cloudformation:DescribeStacks"}


def test_every_policy_is_named_in_the_security_page() -> None:
    """With whom it is for."""
    page = (PROJECT / "docs" / "security.md").read_text()
    for each in policies.names():
        assert f"infra/policies/{each}.json" in page
