"""Which deployment a command talks to."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.errors import WRONG_USAGE, CommandError
from cli.output import note

if TYPE_CHECKING:
    from contract.schema import FeatureSchema
    from infra.local.state import LocalStage
    from loadtest.deployment import Deployment
    from scorer.read import ScoreReader
    from scorer.rejected import RejectedStore
    from training.registry.notify import Event
    from training.registry.registry import Registry

STAGES = ("local", "dev", "prod")
LOCAL = "local"
DEFAULT_SCHEMA = "telco"
LOCAL_DIRECTORY_VARIABLE = "CHURN_LOCAL_DIR"  # where the local stage keeps its state; for two at once

StageOption = Annotated[str, typer.Option("--stage", help="local, dev or prod.")]
ProblemOption = Annotated[
    str | None,
    typer.Option("--schema", help="Which problem's stack: a schema's name or file; default telco."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, nothing else.")]


@dataclass(frozen=True)
class Stage:
    """A deployed stack. Clients follow the standard AWS environment, which `resolve_stage` has set for it."""

    name: str
    stack: str
    stream: str
    table: str
    bucket: str
    schema: str
    topic: str | None = None  # ARN; None where the stack was deployed before there was one

    def client(self, service: str, **settings: Any) -> Any:
        """A boto3 client for this stage."""
        import boto3

        return boto3.client(service, **settings)  # type: ignore[call-overload]

    @property
    def options(self) -> str:
        """What names this stage in a command."""
        return "" if self.name == LOCAL else f" --stage {self.name} --schema {self.schema}"

    def tell(self, event: Event, version: str, reason: str, serving: str | None) -> None:
        """Tell the topic's subscribers of a model; where that fails a note says so, and that is all."""
        from botocore.config import Config

        from training.errors import RegistryError
        from training.registry.notify import Notice, notify

        if self.topic is None:
            return note(f"nobody was notified: stack {self.stack} has no topic yet; deploy it again")
        try:
            manifest = self.registry().manifest(version)
        except RegistryError as error:
            return note(f"nobody was notified: {error}")
        notice = Notice(event, manifest, self.stack, reason, operator(), serving, self.options)
        quick = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
        if problem := notify(self.client("sns", config=quick), self.topic, notice):
            note(problem)
        return None

    def registry(self) -> Registry:
        """The stage's model registry."""
        from training.registry.registry import Registry

        return Registry(self.client("s3"), self.bucket, self.schema)

    def scores(self) -> ScoreReader:
        """The read side of the stage's table."""
        from scorer.read import ScoreReader, prediction_table

        return ScoreReader(prediction_table(self.table))

    def rejected(self) -> RejectedStore:
        """What the stage's scorer could not score."""
        from scorer.objects import S3Objects
        from scorer.rejected import RejectedStore

        return RejectedStore(S3Objects(self.client("s3"), self.bucket), self.schema)

    def deployment(self) -> Deployment:
        """The stage as what puts load on it sees it."""
        from loadtest.deployment import Deployment

        return Deployment(
            dynamodb=self.client("dynamodb"),
            cloudwatch=self.client("cloudwatch"),
            table=self.table,
            service=self.stack,
            scores=self.scores(),
            rejected=self.rejected(),
        )

    def feature_schema(self) -> FeatureSchema:
        """The schema of the serving model; before there is one, the built-in schema of that name."""
        from contract.schema import built_in_schemas, load_schema

        registry = self.registry()
        pointer = registry.champion()
        if pointer is not None:
            return registry.manifest(pointer[0].version).feature_schema()
        if self.schema in built_in_schemas():
            return load_schema(self.schema)
        raise CommandError(
            f"stack {self.stack} serves no model yet, and {self.schema!r} is no built-in schema: "
            "run `churn train --data FILE --schema SCHEMA_FILE` first"
        )


def local_directory() -> Path:
    """Where the local stage of this shell keeps its state."""
    from infra.paths import DEFAULT_STATE_DIR

    return Path(os.environ.get(LOCAL_DIRECTORY_VARIABLE) or DEFAULT_STATE_DIR)


def resolve_stage(name: str, schema: str | None = None) -> Stage:
    """The stage of that name for a schema (its name or file), or CommandError with the next step."""
    if name not in STAGES:
        raise CommandError(f"unknown stage {name!r}: choose {', '.join(STAGES)}", WRONG_USAGE)
    wanted = _schema_name(schema) if schema else None
    if name != LOCAL:
        return _remote_stage(name, wanted or DEFAULT_SCHEMA)
    found = _local_stage()
    if wanted and wanted != found.schema:
        raise CommandError(
            f"stage local serves schema {found.schema}, not {wanted}: run `churn local down`, then "
            f"`churn local up --schema {schema}`"
        )
    return found


def _schema_name(schema: str) -> str:
    from contract.schema import load_schema

    return load_schema(schema).name if Path(schema).is_file() else schema


def operator() -> str:
    """Who decides, for the record kept with a promotion."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user need not have a name
        return f"uid-{os.getuid()}"


def _local_stage() -> Stage:
    from infra.local.stage import status

    found = status(local_directory())
    if found is None:
        raise CommandError("stage local is not up: run `churn local up` (or `churn demo`) first")
    return use_local(found)


def use_local(found: LocalStage) -> Stage:
    """Point this process's AWS environment at a local stage."""
    found.apply_to(os.environ)
    if not found.is_reading:
        note("the event source is not running, so nothing is scored: `churn local up` restarts it")
    return Stage(
        name=LOCAL,
        stack=found.stack,
        stream=found.stream,
        table=found.table,
        bucket=found.bucket,
        schema=found.schema,
        topic=found.topic or None,
    )


def _remote_stage(name: str, schema: str) -> Stage:
    from cli.stack_outputs import stack_outputs
    from infra.naming import stack_name

    if region := os.environ.get("AWS_REGION"):  # serverless.yml follows it; boto3 reads only the other one
        os.environ["AWS_DEFAULT_REGION"] = region
    stack = stack_name(schema, name)
    outputs = stack_outputs(stack, name)
    return Stage(
        name=name,
        stack=stack,
        stream=outputs["StreamName"],
        table=outputs["TableName"],
        bucket=outputs["BucketName"],
        schema=outputs["SchemaName"],
        topic=outputs.get("NotificationTopicArn"),
    )
