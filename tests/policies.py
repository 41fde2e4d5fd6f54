"""The policies of infra/policies/, and whether one allows what a command asks of AWS."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest

POLICIES = Path(__file__).resolve().parent.parent / "infra" / "policies"
NAMES = {  # one after another, so the longer ones first
    "STACK-ACCOUNT-REGION": "churn-telco-dev-111122223333-eu-central-1",
    "STACK-predictions": "churn-telco-dev-predictions",
    "STACK-events": "churn-telco-dev-events",
    "STACK": "churn-telco-dev",
    "SCHEMA": "telco",
    "ACCOUNT": "111122223333",
    "REGION": "eu-central-1",
}
# Operations whose permission has another name, https://docs.aws.amazon.com/service-authorization/
ACTIONS = {
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
}
OF_A_VERSION = {"s3:GetObject": "s3:GetObjectVersion", "s3:DeleteObject": "s3:DeleteObjectVersion"}


class Call(NamedTuple):
    """A permission that a call needs, and on what."""

    action: str
    resource: str


def names() -> list[str]:
    """Every policy there is."""
    return sorted(path.stem for path in POLICIES.glob("*.json"))


def statements(name: str, replaced: Mapping[str, str] = NAMES) -> list[dict[str, Any]]:
    """A policy's statements for one stack, as docs/security.md says to fill them in."""
    text = (POLICIES / f"{name}.json").read_text()
    for placeholder, value in replaced.items():
        text = re.sub(rf"\b{placeholder}\b", value, text)
    found: list[dict[str, Any]] = json.loads(text)["Statement"]
    return found


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def refused(calls: set[Call], name: str, replaced: Mapping[str, str] = NAMES) -> set[Call]:
    """The calls that no statement of the policy allows."""
    granted = [
        (action, resource)
        for statement in statements(name, replaced)
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    ]
    return {
        call
        for call in calls
        if not any(action == call.action and fnmatchcase(call.resource, where) for action, where in granted)
    }


@dataclass
class Recorder:
    """The permissions of all calls that botocore's clients make from now on, pynamodb's too."""

    monkeypatch: pytest.MonkeyPatch
    region: str = "eu-central-1"
    account: str = "111122223333"
    calls: set[Call] = field(default_factory=set)

    def __enter__(self) -> Recorder:
        from botocore.client import BaseClient

        real = BaseClient._make_api_call

        def recorded(client: Any, operation: str, parameters: Any) -> Any:
            service = client.meta.service_model.service_name
            self.calls.update(self._needed(f"{service}:{operation}", parameters))
            return real(client, operation, parameters)

        self.monkeypatch.setattr(BaseClient, "_make_api_call", recorded)
        return self

    def __exit__(self, *_: object) -> None:
        self.monkeypatch.undo()

    def _needed(self, operation: str, parameters: Mapping[str, Any]) -> Iterator[Call]:
        action = ACTIONS.get(operation, operation)
        if operation == "s3:CopyObject":
            source = parameters["CopySource"]
            yield Call("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}")
            action = "s3:PutObject"
        if "VersionId" in parameters:
            action = OF_A_VERSION[action]
        for resource in self._resources(operation.partition(":")[0], parameters):
            yield Call(action, resource)

    def _resources(self, service: str, parameters: Mapping[str, Any]) -> list[str]:
        if service == "s3":
            key = f"/{parameters['Key']}" if "Key" in parameters else ""
            return [f"arn:aws:s3:::{parameters['Bucket']}{key}"]
        place = f"arn:aws:{service}:{self.region}:{self.account}"
        if service == "dynamodb":
            tables = [parameters["TableName"]] if "TableName" in parameters else parameters["RequestItems"]
            index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
            return [f"{place}:table/{table}{index}" for table in tables]
        if service == "kinesis":
            return [f"{place}:stream/{parameters['StreamName']}"]
        if service == "cloudwatch":
            return [f"{place}:alarm:{parameters.get('AlarmName', '*')}"]
        if service == "sns":
            return [parameters.get("TopicArn") or parameters["SubscriptionArn"]]
        if service == "sqs":
            return [f"{place}:{parameters.get('QueueName') or parameters['QueueUrl'].rpartition('/')[2]}"]
        raise AssertionError(f"what {service} calls need is not known here: add it")
