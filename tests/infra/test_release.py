"""How a release moves: the alias, the version it is moved to, and what takes it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infra.rendering import Service

PLAIN_NAME = "ScorerLambdaVersion"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def prod(service: Service, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return service.template(tmp_path_factory.mktemp("prod"), "prod")


def version_of(template: dict[str, Any]) -> str:
    (name,) = (n for n, r in template["Resources"].items() if r["Type"] == "AWS::Lambda::Version")
    return str(name)


def period_of(alarm: dict[str, Any]) -> int:
    """In seconds; of an alarm on several metrics, the longest."""
    stats = [query["MetricStat"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]
    return max(int(each["Period"]) for each in [*stats, alarm] if "Period" in each)


def references(value: Any) -> Iterator[str]:
    """Logical ids that anything refers to."""
    if isinstance(value, dict):
        if len(value) == 1 and "Ref" in value:
            yield value["Ref"]
        if len(value) == 1 and "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_the_stream_is_read_by_the_version_of_this_release(prod: dict[str, Any]) -> None:
    """Mapping → alias → version of these bytes, which outlives the release so that one can go back to it."""
    resources = prod["Resources"]
    assert resources["EventSource"]["Properties"]["FunctionName"] == {"Ref": "LiveAlias"}
    version = version_of(prod)
    assert version.startswith(PLAIN_NAME)
    assert version != PLAIN_NAME
    alias = resources["LiveAlias"]["Properties"]
    assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    assert (alias["Name"], alias["FunctionName"]) == ("live", {"Ref": "ScorerLambdaFunction"})
    assert resources[version]["DeletionPolicy"] == "Retain"
    assert PLAIN_NAME not in set(references(prod))


def test_prod_moves_traffic_step_by_step_and_takes_it_back_on_alarm(prod: dict[str, Any]) -> None:
    """CodeDeploy moves the alias, watches alarms that exist, and rolls back by itself."""
    resources = prod["Resources"]
    left, right = prod["Conditions"]["GradualRelease"]["Fn::Not"][0]["Fn::Equals"]
    assert left != right
    condition, policy, _ = resources["LiveAlias"]["UpdatePolicy"]["Fn::If"]
    assert condition == "GradualRelease"
    assert policy["CodeDeployLambdaAliasUpdate"] == {
        "ApplicationName": {"Ref": "ReleaseApplication"},
        "DeploymentGroupName": {"Ref": "ReleaseGroup"},
    }
    group = resources["ReleaseGroup"]["Properties"]
    assert group["DeploymentConfigName"] == "CodeDeployDefault.LambdaCanary10Percent10Minutes"
    assert group["AlarmConfiguration"]["Enabled"] is True
    watched = [alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]]
    assert "ReleaseErrorsAlarm" in watched
    assert len(watched) <= 10  # CodeDeploy's limit
    for name in watched:
        alarm = resources[name]
        assert alarm["Type"] == "AWS::CloudWatch::Alarm"
        # Told of within the ten minutes in which the old version still has most of the traffic.
        assert period_of(alarm["Properties"]) * alarm["Properties"]["EvaluationPeriods"] < 600
    rollback = group["AutoRollbackConfiguration"]
    assert rollback["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in rollback["Events"]
    # A reference in a property is what orders them: the alias waits for the group, and it for its alarms.
    assert "ReleaseGroup" in set(references(resources["LiveAlias"]["Properties"]))


def test_the_alarm_of_a_release_watches_the_new_version_alone(prod: dict[str, Any]) -> None:
    """So an error of the old version never stops the release that mends it."""
    dimensions = {
        each["Name"]: each["Value"]
        for each in prod["Resources"]["ReleaseErrorsAlarm"]["Properties"]["Dimensions"]
    }
    assert dimensions == {
        "FunctionName": {"Ref": "ScorerLambdaFunction"},
        "Resource": {"Fn::Join": [":", [{"Ref": "ScorerLambdaFunction"}, "live"]]},
        "ExecutedVersion": {"Fn::GetAtt": [version_of(prod), "Version"]},
    }


def test_codedeploy_may_move_this_alias_and_look_at_alarms(prod: dict[str, Any]) -> None:
    """Nothing else, and only on behalf of this account."""
    role = prod["Resources"]["ReleaseRole"]["Properties"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "codedeploy.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert "ManagedPolicyArns" not in role
    move, watch = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert set(move["Action"]) == {
        "lambda:GetAlias", "lambda:UpdateAlias", "lambda:GetProvisionedConcurrencyConfig",
    }  # fmt: skip
    function = {"Fn::GetAtt": ["ScorerLambdaFunction", "Arn"]}
    assert move["Resource"] == [function, {"Fn::Join": [":", [function, "live"]]}]
    assert watch["Action"] == "cloudwatch:DescribeAlarms"


def test_dev_moves_it_at_once_without_codedeploy(service: Service, tmp_path: Path) -> None:
    """The condition on which all of it hangs is false; the alias is there all the same."""
    template = service.template(tmp_path, "dev")
    left, right = template["Conditions"]["GradualRelease"]["Fn::Not"][0]["Fn::Equals"]
    assert left == right
    for name in ("ReleaseApplication", "ReleaseGroup", "ReleaseRole", "ReleaseErrorsAlarm"):
        assert template["Resources"][name]["Condition"] == "GradualRelease"
    assert "Condition" not in template["Resources"]["LiveAlias"]


def test_a_changed_setting_is_another_version_and_nothing_else_is(
    service: Service, prod: dict[str, Any], tmp_path: Path
) -> None:
    """Packaging the same again gives the same name, so nothing is published; a setting gives another."""
    again = service.template(tmp_path / "again", "prod", deploymentPreference="AllAtOnce")
    changed = service.template(tmp_path / "changed", "prod", predictionDays=31)
    assert version_of(again) == version_of(prod)
    assert version_of(changed) != version_of(prod)


@pytest.mark.parametrize(
    ("stage", "chosen", "expected"),
    [
        (
            "prod",
            {"deploymentPreference": "Canary50Percent"},
            "expected AllAtOnce or Canary10Percent5Min",
        ),
        ("local", {"deploymentPreference": "Canary10Percent5Minutes"}, "has no CodeDeploy"),
        ("prod", {"rollbackOnAlarm": "perhaps"}, "expected true or false"),
    ],
)
def test_what_is_no_way_to_release_is_refused_in_one_line(
    service: Service, tmp_path: Path, stage: str, chosen: dict[str, object], expected: str
) -> None:
    """At package time, naming the parameter and the stage."""
    done = service.package(tmp_path, stage, **chosen)
    assert done.returncode != 0
    (line,) = (line for line in (done.stdout + done.stderr).splitlines() if "parameter" in line)
    assert line.startswith(f"parameter {next(iter(chosen))} of stage {stage} is ")
    assert expected in line
