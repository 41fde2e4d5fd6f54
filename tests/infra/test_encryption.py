"""What is encrypted at rest, and with which key."""

from __future__ import annotations

from typing import Any

import pytest

from tests.infra.conditions import Resources, as_deployed
from tests.infra.conftest import Render
from tests.infra.rendering import ALL_THAT_IS_OPTIONAL, KEY


def properties(resources: Resources, name: str) -> dict[str, Any]:
    return dict(resources[name]["Properties"])


def bucket_encryption(resources: Resources) -> dict[str, Any]:
    [rule] = properties(resources, "Bucket")["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return dict(rule)


@pytest.mark.parametrize("stage", ["local", "dev", "prod"])
def test_without_a_key_aws_manages_them(render: Render, stage: str) -> None:
    """Stream, table, bucket and the topic of models are encrypted all the same."""
    resources = as_deployed(render(stage))
    assert properties(resources, "EventStream")["StreamEncryption"] == {
        "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis",
    }  # fmt: skip
    assert properties(resources, "PredictionsTable")["SSESpecification"] == {
        "SSEEnabled": True,
        "SSEType": "KMS",
    }
    assert bucket_encryption(resources) == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert properties(resources, "ModelNotifications")["KmsMasterKeyId"] == "alias/aws/sns"
    assert "KmsKeyId" not in properties(resources, "ScorerLogGroup")


def test_a_key_encrypts_all_that_holds_data(render: Render) -> None:
    """Stream, table, bucket, every topic and the log group, with the key that was named and no other."""
    resources = as_deployed(render("prod", **ALL_THAT_IS_OPTIONAL))
    assert properties(resources, "EventStream")["StreamEncryption"] == {"EncryptionType": "KMS", "KeyId": KEY}
    table = properties(resources, "PredictionsTable")["SSESpecification"]
    assert table == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert bucket_encryption(resources) == {
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KEY},
        "BucketKeyEnabled": True,
    }
    assert properties(resources, "ScorerLogGroup")["KmsKeyId"] == KEY
    topics = [each["Properties"] for each in resources.values() if each["Type"] == "AWS::SNS::Topic"]
    assert len(topics) >= 2
    assert {topic["KmsMasterKeyId"] for topic in topics} == {KEY}
