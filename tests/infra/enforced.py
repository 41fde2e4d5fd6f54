"""The stack on an embedded AWS that enforces IAM, and all that is done there with the scorer's role.

The function itself runs with its role's credentials: MiniStack hands them to it. What Lambda does with that
role around the function (reading the stream, keeping what it gives up, writing the log) the event source
companion and this module do, with a session of the role.
"""

from __future__ import annotations

import copy
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from infra.local.aws_edges import LambdaInvoker, S3Destination
from infra.local.client_settings import isolated_session
from infra.local.event_source import EventSource
from infra.local.mapping import read_settings
from infra.local.outcome import Batch, Outcome, Returned
from infra.local.records import Record
from infra.local.state import LocalStage
from tests.faults.models import Registry
from tests.infra.role_session import RoleSession
from tests.scorer.batches import event

POLICY = "scorer"
PATIENCE_SECONDS = 60.0
SHORT_TIMEOUT_SECONDS = 6  # the scorer waits for half of it for what may heal
Policy = dict[str, Any]


class EnforcedStack:
    """`duties` are functions that do something with the role and return what went wrong, in words."""

    def __init__(self, stage: LocalStage) -> None:
        self.stage = stage
        self._session = isolated_session()
        self.iam, self.s3, self._dynamodb, self._kinesis, self._functions = map(
            self._client_of_root, ("iam", "s3", "dynamodb", "kinesis", "lambda")
        )
        deployed = self._functions.get_function_configuration(FunctionName=stage.function)
        self._variables = deployed["Environment"]["Variables"]
        self.role = deployed["Role"].rpartition("/")[2]
        self.settings = read_settings(self._functions, stage.mapping_id)
        self.deployed: Policy = self.iam.get_role_policy(RoleName=self.role, PolicyName=POLICY)[
            "PolicyDocument"
        ]
        self._checkpoint: dict[str, str] = {}
        self.as_role = RoleSession(stage, deployed["Role"], stream_arn=self.settings.stream_arn)
        Registry(self.s3, stage.bucket, stage.schema).promote()

    @contextmanager
    def allowed(self, policy: Policy) -> Iterator[None]:
        """The role may do what `policy` says, then what it might before."""
        self._put_policy(policy)
        try:
            yield
        finally:
            self._put_policy(self.deployed)

    def without(self, sid: str, *, action: str = "", resource: str = "") -> Policy:
        """The deployed policy without a statement, or without one action or resource of it."""
        policy = copy.deepcopy(self.deployed)
        [statement] = [each for each in policy["Statement"] if each["Sid"] == sid]
        for name, gone in (("Action", action), ("Resource", resource)):
            if gone:
                kept = [each for each in as_list(statement[name]) if gone != each]
                assert len(kept) == len(as_list(statement[name])) - 1
                statement[name] = kept
        if not (action or resource) or not (statement["Action"] and statement["Resource"]):
            policy["Statement"].remove(statement)
        return policy

    def check_the_stream(self) -> list[str]:
        """What Lambda does with the role when a mapping is created: its error would name these actions."""
        kinesis = self.as_role.client("kinesis")
        return self.as_role.tried(
            lambda: kinesis.describe_stream(StreamName=self.stage.stream),
            lambda: kinesis.describe_stream_summary(StreamName=self.stage.stream),
        )

    def score_a_batch(self) -> list[str]:
        """An event and bytes that are none are published, read, and end in the table and the bucket."""
        customer = f"c-{uuid.uuid4().hex}"
        good = event(customer, time_ms=int(time.time() * 1000))
        before = self._count("rejected/")
        published = [
            self._kinesis.put_record(StreamName=self.stage.stream, PartitionKey="k", Data=data)
            for data in (good, b"no event")
        ]
        troubles = self._read_until(published[-1]["ShardId"], published[-1]["SequenceNumber"])
        key = {"customer_id": {"S": customer}}
        found = self._dynamodb.query(
            TableName=self.stage.table,
            KeyConditionExpression="customer_id = :c",
            ExpressionAttributeValues={":c": key["customer_id"]},
        )
        if found["Count"] != 1:
            troubles.append("the event has no prediction")
        if self._count("rejected/") != before + 1:
            troubles.append("the bytes are not kept")
        return troubles

    def load_the_model(self) -> list[str]:
        """A new instance of the function finds the champion."""
        variables = self._variables | {"STARTED_ANEW": uuid.uuid4().hex}
        self._functions.update_function_configuration(
            FunctionName=self.stage.function,
            Environment={"Variables": variables},
            Timeout=SHORT_TIMEOUT_SECONDS,
        )
        answer = self._functions.invoke(FunctionName=self.stage.function, Payload=b'{"Records": []}')
        payload = answer["Payload"].read().decode()
        return [payload] if answer.get("FunctionError") else []

    def give_a_batch_up(self) -> list[str]:
        """What Lambda does with the role of a mapping whose on-failure destination is a bucket."""
        s3 = self.as_role.client("s3")
        batch = Batch((Record("1", "k", time.time(), b"no event"),))
        discard = S3Destination(s3, self.settings)
        return self.as_role.tried(
            lambda: s3.head_bucket(Bucket=self.stage.bucket),  # needs s3:ListBucket
            lambda: discard(batch, shard_id="shardId-000000000000", condition="test", outcome=None),
        )

    def write_the_log(self) -> list[str]:
        """What Lambda does with the role for what the function prints; MiniStack does it by itself."""
        logs, name = self.as_role.client("logs"), uuid.uuid4().hex
        group = {"logGroupName": f"/aws/lambda/{self.stage.function}", "logStreamName": name}
        line = {"timestamp": int(time.time() * 1000), "message": "line"}
        return self.as_role.tried(
            lambda: logs.create_log_stream(**group), lambda: logs.put_log_events(**group, logEvents=[line])
        )

    def _read_until(self, shard_id: str, sequence_number: str) -> list[str]:
        """Run the event source with the role until this record is finished or something goes wrong."""
        troubles = self.as_role.denials
        troubles.clear()
        invoke = LambdaInvoker(self._functions, self.settings.function)

        def invoked(payload: bytes) -> Outcome:
            outcome = invoke(payload)
            if not (
                isinstance(outcome, Returned) and json.loads(outcome.payload) == {"batchItemFailures": []}
            ):
                troubles.append(f"the function: {outcome}")
            return outcome

        source = EventSource(
            settings=self.settings,
            kinesis=self.as_role.client("kinesis"),
            invoke=invoked,
            discard=S3Destination(self.as_role.client("s3"), self.settings),
            resume_after=dict(self._checkpoint),
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        with source:
            while not troubles and source.checkpoints.get(shard_id) != sequence_number:
                assert time.monotonic() < deadline, f"stuck at {source.checkpoints}"
                time.sleep(0.01)
        self._checkpoint[shard_id] = sequence_number
        return list(troubles)

    def _count(self, prefix: str) -> int:
        return int(self.s3.list_objects_v2(Bucket=self.stage.bucket, Prefix=prefix)["KeyCount"])

    def _client_of_root(self, service: str) -> Any:
        factory: Any = self._session.client
        return factory(service, **self.stage.client_arguments())

    def _put_policy(self, policy: Policy) -> None:
        """MiniStack authorises log events on their group, AWS on the streams in it (`…:*`)."""
        document = copy.deepcopy(policy)
        for statement in document["Statement"]:
            if statement["Sid"] == "WriteLogs":
                statement["Resource"] = statement["Resource"].removesuffix(":*")
        self.iam.put_role_policy(RoleName=self.role, PolicyName=POLICY, PolicyDocument=json.dumps(document))


def as_list(value: Any) -> list[Any]:
    """A policy may name one action or resource without a list."""
    return value if isinstance(value, list) else [value]
