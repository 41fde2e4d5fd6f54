"""Who may do what, as the template says it. tests/iam/ shows what happens where it is enforced."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.conditions import Resources, as_deployed
from tests.infra.conftest import Render
from tests.infra.rendering import ALL_THAT_IS_OPTIONAL, KEY

# Actions that AWS authorises on all resources of their kind or on none, whatever names they are called with.
ON_ALL_OR_NONE = {"cloudwatch:DescribeAlarms"}


@pytest.fixture(params=["local", "dev", "prod", "prod with all that is optional"])
def resources(request: pytest.FixtureRequest, render: Render) -> Resources:
    stage, _, more = request.param.partition(" ")
    return as_deployed(render(stage, **ALL_THAT_IS_OPTIONAL) if more else render(stage))


def of_type(resources: Resources, kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def statements(role: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for policy in role["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def test_every_function_has_a_role_of_its_own(resources: Resources) -> None:
    """Which Lambda alone may take on, without a managed policy that grants more than is read here."""
    functions, roles = of_type(resources, "AWS::Lambda::Function"), of_type(resources, "AWS::IAM::Role")
    taken = [function["Role"]["Fn::GetAtt"] for function in functions.values()]
    assert len({name for name, _ in taken}) == len(taken) > 0
    for name, attribute in taken:
        assert attribute == "Arn"
        assert "ManagedPolicyArns" not in roles[name]
        [trust] = roles[name]["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        assert trust["Action"] == "sts:AssumeRole"
    assert not of_type(resources, "AWS::IAM::Policy")


def test_no_role_has_a_wildcard_action_or_resource(resources: Resources) -> None:
    """Every statement has a name, allows named actions, and names resources of the stack or its key."""
    for role in of_type(resources, "AWS::IAM::Role").values():
        for statement in statements(role):
            assert statement["Effect"] == "Allow"
            assert statement["Sid"]
            actions = as_list(statement["Action"])
            assert not any("*" in action for action in actions)
            if set(actions) <= ON_ALL_OR_NONE:
                continue
            for resource in as_list(statement["Resource"]):
                assert resource == KEY or "Fn::GetAtt" in json.dumps(resource)
                assert resource == KEY or not json.dumps(resource).startswith('"*')


def test_no_action_is_granted_twice(resources: Resources) -> None:
    """Each action stands in one statement, so that taking a statement away takes its actions away."""
    for role in of_type(resources, "AWS::IAM::Role").values():
        granted = [action for statement in statements(role) for action in as_list(statement["Action"])]
        assert len(granted) == len(set(granted))


def test_the_scorer_may_write_only_predictions_and_what_it_could_not_score(resources: Resources) -> None:
    """It can neither delete, nor read predictions, nor touch a model."""
    granted = list(statements(resources["ScorerRole"]["Properties"]))
    actions = {action for statement in granted for action in as_list(statement["Action"])}
    assert {a for a in actions if a.startswith("dynamodb:")} == {"dynamodb:BatchWriteItem"}
    assert {a for a in actions if a.startswith("s3:")} == {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}
    [put] = (statement for statement in granted if statement["Action"] == "s3:PutObject")
    assert [r["Fn::Join"][1][1] for r in put["Resource"]] == ["/rejected/*", "/aws/lambda/*"]


def test_a_key_is_used_through_the_services_that_encrypt_with_it(render: Render) -> None:
    """With a key, two actions on that key alone, through three services; without one, no word of KMS."""
    without = json.dumps(as_deployed(render("prod"))["ScorerRole"])
    assert "kms:" not in without
    keyed = as_deployed(render("prod", **ALL_THAT_IS_OPTIONAL))["ScorerRole"]["Properties"]
    found = {s["Action"]: s for s in statements(keyed) if "kms:" in json.dumps(s["Action"])}
    assert set(found) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert all(statement["Resource"] == KEY for statement in found.values())
    services = {
        action: [
            via["Fn::Sub"].partition(".")[0]
            for via in as_list(s["Condition"]["StringEquals"]["kms:ViaService"])
        ]
        for action, s in found.items()
    }
    assert services == {"kms:Decrypt": ["kinesis", "dynamodb", "s3"], "kms:GenerateDataKey": ["s3"]}


def test_only_with_fan_out_may_the_scorer_subscribe(render: Render) -> None:
    """To its own consumer, and to nothing else."""
    [subscribing] = (
        statement
        for statement in statements(
            as_deployed(render("prod", **ALL_THAT_IS_OPTIONAL))["ScorerRole"]["Properties"]
        )
        if "kinesis:SubscribeToShard" in statement["Action"]
    )
    assert subscribing["Action"] == ["kinesis:DescribeStreamConsumer", "kinesis:SubscribeToShard"]
    assert subscribing["Resource"] == {"Fn::GetAtt": ["StreamConsumer", "ConsumerARN"]}
    assert "SubscribeToShard" not in json.dumps(as_deployed(render("prod"))["ScorerRole"])
