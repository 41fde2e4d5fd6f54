"""serverless.yml as osls renders it for each stage: what AWS would be told."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.build import DEFAULT_ARCH, DEFAULT_PYTHON
from infra.dependencies import Target
from infra.paths import PROJECT
from scorer.metrics import NAMESPACE
from scorer.rejected import REJECTED_PREFIX, REPLAYED_PREFIX, UNDELIVERED_PREFIX
from tests.infra.conditions import Resources, as_deployed
from tests.infra.conftest import Render, Template

STAGES = ("local", "dev", "prod")


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(render: Render, stage: str) -> Template:
    """As deployed with no option but the stage."""
    return render(stage)


@pytest.fixture
def resources(template: Template) -> Resources:
    return as_deployed(template)


def of_type(resources: Resources, kind: str) -> Iterator[dict[str, Any]]:
    return (resource["Properties"] for resource in resources.values() if resource["Type"] == kind)


def test_the_table_can_be_restored_and_forgets_by_itself(resources: Resources) -> None:
    """Point-in-time recovery and TTL are on, keys and index are those of the contract."""
    (table,) = of_type(resources, "AWS::DynamoDB::Table")
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["customer_id", "event_key"]
    (index,) = table["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "by_risk"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["risk_shard", "probability"]


def test_the_bucket_is_private_versioned_and_speaks_tls_only(resources: Resources) -> None:
    """Public access is blocked four times over, and plain HTTP is denied to everyone."""
    bucket = resources["Bucket"]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (statement,) = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"], statement["Principal"]) == ("Deny", "s3:*", "*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    expiring = {rule["Prefix"] for rule in bucket["LifecycleConfiguration"]["Rules"] if "Prefix" in rule}
    assert expiring == {REJECTED_PREFIX, UNDELIVERED_PREFIX, REPLAYED_PREFIX}


def test_news_of_models_is_encrypted_and_speaks_tls_only(resources: Resources, stage: str) -> None:
    """The topic has a key, its name is the stack's, and plain HTTP is denied to everyone."""
    topic = resources["ModelNotifications"]["Properties"]
    assert topic == {"TopicName": f"churn-telco-{stage}-models", "KmsMasterKeyId": "alias/aws/sns"}
    policy = resources["ModelNotificationsPolicy"]["Properties"]
    assert policy["Topics"] == [{"Ref": "ModelNotifications"}]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    assert set(statement["Action"]) == {"sns:Publish", "sns:Subscribe"}
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_mapping_sets_every_failure_setting(resources: Resources, stage: str) -> None:
    """Partial responses, bisect, finite retries and age, and a destination that keeps the payload."""
    (mapping,) = of_type(resources, "AWS::Lambda::EventSourceMapping")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRetryAttempts"] > 0
    (stream,) = of_type(resources, "AWS::Kinesis::Stream")
    assert 0 < mapping["MaximumRecordAgeInSeconds"] <= stream["RetentionPeriodHours"] * 3600 / 2
    assert mapping["DestinationConfig"]["OnFailure"]["Destination"] == {"Fn::GetAtt": ["Bucket", "Arn"]}
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["Enabled"] is (stage != "local")
    assert mapping["MetricsConfig"] == {"Metrics": ["EventCount"]}


def test_what_holds_data_outlives_the_stack_outside_local(resources: Resources, stage: str) -> None:
    """Stream, table and bucket are retained in dev and prod, and the table cannot be deleted by mistake."""
    expected = "Delete" if stage == "local" else "Retain"
    for name in ("EventStream", "PredictionsTable", "Bucket"):
        assert resources[name]["DeletionPolicy"] == expected
        assert resources[name]["UpdateReplacePolicy"] == expected
    table = resources["PredictionsTable"]["Properties"]
    assert table["DeletionProtectionEnabled"] is (stage != "local")


def test_logs_are_kept_for_a_bounded_time(resources: Resources) -> None:
    """The one log group has a retention."""
    (group,) = of_type(resources, "AWS::Logs::LogGroup")
    assert 1 <= group["RetentionInDays"] <= 90


def test_alarms_leave_time_before_records_expire(resources: Resources) -> None:
    """The iterator-age alarm comes long before half of the retention is over."""
    (stream,) = of_type(resources, "AWS::Kinesis::Stream")
    alarm = resources["IteratorAgeAlarm"]["Properties"]
    assert alarm["Threshold"] < stream["RetentionPeriodHours"] * 3_600_000 / 2


def test_everything_carries_the_name_of_the_stack(resources: Resources, stage: str) -> None:
    """Several schemas and stages share an account without meeting."""
    stack = f"churn-telco-{stage}"
    assert resources["EventStream"]["Properties"]["Name"] == f"{stack}-events"
    assert resources["PredictionsTable"]["Properties"]["TableName"] == f"{stack}-predictions"
    function = resources["ScorerLambdaFunction"]["Properties"]
    assert function["FunctionName"] == f"{stack}-scorer"
    assert function["Runtime"] == f"python{DEFAULT_PYTHON}"
    assert function["Architectures"] == [DEFAULT_ARCH]
    variables = function["Environment"]["Variables"]
    assert (variables["CHURN_STAGE"], variables["POWERTOOLS_SERVICE_NAME"]) == (stage, stack)
    assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE


def test_the_outputs_are_the_contract(template: dict[str, Any]) -> None:
    """The names that other programs look up are all there."""
    promised = {"StreamName", "TableName", "BucketName", "ScorerFunctionName"}
    promised |= {"EventSourceMappingId", "DashboardName", "NotificationTopicArn", "SchemaName"}
    assert promised <= set(template["Outputs"])


def test_the_artifact_is_where_the_build_puts_it() -> None:
    """parameters.yml repeats the name that infra/build.py gives the zip."""
    text = (PROJECT / "infra" / "resources" / "parameters.yml").read_text()
    found = re.search(r"artifact: (\S+)", text)
    assert found is not None
    name = found[1].replace("${param:python}", "3.13").replace("${param:architecture}", "x86_64")
    assert name == f"build/lambda/churn-{Target('3.13', 'x86_64').name}.zip"
