"""A stream, a table and a registry of its own on the embedded AWS, and the deployed function between."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from botocore.config import Config

from infra.local.aws_edges import S3Destination
from infra.local.client_settings import isolated_session
from infra.local.event_source import EventSource
from infra.local.mapping import MappingSettings, read_settings
from infra.local.outcome import Batch, Outcome
from infra.local.sending import Discard, Invoke
from infra.local.state import LocalStage
from tests.faults.edge import Edge
from tests.faults.function_process import Fleet, FunctionProcess
from tests.faults.invoker import FaultyInvoker
from tests.faults.journal import Journal
from tests.faults.judge import Verdict, judge
from tests.faults.models import Registry
from tests.faults.plan import Plan
from tests.faults.script import Script
from tests.faults.traffic import Mix, Publication, Traffic
from tests.faults.truth import Bucket, Evidence, Published, read_evidence, scan

MAX_RECORDS_PER_PUT = 500
MAX_BYTES_PER_PUT = 4_000_000  # below the 5 MiB of PutRecords
DRAIN_SECONDS = 40.0


class Rig:
    """`publish`, then `drain`, then look at `evidence`."""

    def __init__(
        self, stage: LocalStage, task_root: Path, plan: Plan | None = None, *, shards: int = 1, **mapping: Any
    ) -> None:
        """`mapping` changes settings of the stage's own mapping, such as batch_size."""
        self._stage = stage
        self._task_root = task_root
        self._session = isolated_session()
        self._name = f"faults-{uuid.uuid4().hex[:12]}"
        self.plan = plan or Script()
        self.journal = Journal()
        self.published: list[Published] = []
        self._place_of: dict[str, int] = {}
        self._checkpoints: dict[str, str] = {}
        self.s3, self._kinesis, self._dynamodb = map(self._client, ("s3", "kinesis", "dynamodb"))
        self.reads_from: Any = self._kinesis
        self.refuse_discards = 0  # so many times the on-failure destination is down
        self._kinesis.create_stream(StreamName=self._name, ShardCount=shards)
        self._bucket = Bucket(self.s3, stage.bucket)
        self._create_table()
        functions = self._client("lambda")
        self.variables = self._variables(functions)
        self.registry = Registry(self.s3, stage.bucket, self.variables["CHURN_SCHEMA"])
        self.registry.promote()
        described = self._kinesis.describe_stream(StreamName=self._name)["StreamDescription"]
        self.settings = replace(
            read_settings(functions, stage.mapping_id),
            mapping_id=str(uuid.uuid4()),
            stream_arn=described["StreamARN"],
            **mapping,
        )
        self.fleet = Fleet(self._start_instance)

    def publish(self, publications: Iterable[Publication]) -> list[Published]:
        """Put records on the stream, in order; every one is on it when this returns."""
        put: list[Published] = []
        for chunk in _chunks(publications):
            answer = self._kinesis.put_records(
                StreamName=self._name,
                Records=[{"Data": p.data, "PartitionKey": p.partition_key} for p in chunk],
            )
            assert answer["FailedRecordCount"] == 0
            for publication, placed in zip(chunk, answer["Records"], strict=True):
                put.append(self.expect(placed["ShardId"], placed["SequenceNumber"], publication))
        return put

    def expect(self, shard_id: str, sequence_number: str, publication: Publication) -> Published:
        """A record is on the stream that is read."""
        published = Published(f"{shard_id}:{sequence_number}", publication)
        self._place_of[published.event_id] = len(self.published)
        self.published.append(published)
        return published

    def drain(
        self,
        plan: Plan | None = None,
        *,
        from_start: bool = False,
        restart_at: int | None = None,
        seconds: float = DRAIN_SECONDS,
        on_progress: Callable[[int], None] = lambda _: None,
        **mapping: Any,
    ) -> None:
        """Read on, or from the stream's start, until every record is finished, under `plan` or the rig's.

        `mapping` changes settings of the mapping for this time. After `restart_at` records the event source
        is replaced by another one, which goes on where the first has kept that it was. Fails where the
        records are not finished within `seconds`.
        """
        last = self._last_per_shard()
        deadline = time.monotonic() + seconds
        if from_start:
            self._checkpoints = {}

        def read(invoke: Invoke, is_done: Callable[[], bool]) -> None:
            with self._source(invoke, replace(self.settings, **mapping)) as source:
                while not is_done():
                    assert time.monotonic() < deadline, f"stuck at {self._checkpoints}"
                    time.sleep(0.01)
                    found = source.checkpoints.items()
                    self._checkpoints |= {shard: number for shard, number in found if number is not None}
                    on_progress(self._finished())

        with self.invoker(plan or self.plan) as invoke:
            if restart_at is not None:
                read(invoke, lambda: self._finished() >= restart_at)
            read(invoke, lambda: self._checkpoints == last)

    def publish_events(self, events: int, mix: Mix | None = None) -> list[Published]:
        """Publish some traffic of all kinds, of about as many customers."""
        seed = f"scenario {len(self.published)}"
        traffic = Traffic(seed, now_ms=int(time.time() * 1000), customers_at_once=100, mix=mix)
        return self.publish(traffic.publications(events))

    @contextmanager
    def invoker(self, plan: Plan) -> Iterator[FaultyInvoker]:
        """An invoker whose zombies have all ended afterwards."""
        invoke = FaultyInvoker(self.fleet, plan, self.journal, self.registry, self._place_of)
        try:
            yield invoke
        finally:
            invoke.finish()

    def evidence(self) -> Evidence:
        """All that AWS holds now: items, rejected records and discarded batches."""
        return read_evidence(
            self._bucket,
            scan(self._stage.port, self._name),
            schema=self.registry.schema,
            mapping_id=self.settings.mapping_id,
        )

    def verdict(self) -> Verdict:
        """Hold what AWS holds now against what was published."""
        return judge(self.published, self.evidence(), self.journal, self.registry)

    def assert_clean(self) -> Verdict:
        """The verdict, which must find nothing missing and nothing wrong."""
        verdict = self.verdict()
        assert verdict.is_clean, str(verdict)
        return verdict

    def close(self) -> None:
        """Stop the function and forget the stream and the table."""
        self.fleet.close()
        self._kinesis.delete_stream(StreamName=self._name)
        self._dynamodb.delete_table(TableName=self._name)

    def _discard(self, settings: MappingSettings) -> Discard:
        keep = S3Destination(self.s3, settings)

        def discard(batch: Batch, *, shard_id: str, condition: str, outcome: Outcome | None) -> None:
            if self.refuse_discards:
                self.refuse_discards -= 1
                raise ConnectionError("the destination is down")
            keep(batch, shard_id=shard_id, condition=condition, outcome=outcome)

        return discard

    def _source(self, invoke: Invoke, settings: MappingSettings) -> EventSource:
        return EventSource(
            settings=settings,
            kinesis=self.reads_from,
            invoke=invoke,
            discard=self._discard(settings),
            resume_after=dict(self._checkpoints),
        )

    def _last_per_shard(self) -> dict[str, str]:
        last: dict[str, str] = {}
        for published in self.published:
            shard, _, sequence = published.event_id.partition(":")
            last[shard] = sequence
        return last

    def _finished(self) -> int:
        """About how many records are finished: shards advance at much the same pace."""
        places = [self._place_of[f"{shard}:{number}"] + 1 for shard, number in self._checkpoints.items()]
        return min(places, default=0)

    def _start_instance(self) -> FunctionProcess:
        return FunctionProcess(self._task_root, self.variables, Edge(self._stage.port))

    def _client(self, service: str) -> Any:
        factory: Any = self._session.client
        # The emulator may be busy for seconds when a round publishes; it is the function that is hurried.
        config = Config(max_pool_connections=32, read_timeout=120, proxies={})
        return factory(service, config=config, **self._stage.client_arguments())

    def _variables(self, functions: Any) -> dict[str, str]:
        deployed = functions.get_function_configuration(FunctionName=self._stage.function)
        own = {"CHURN_TABLE": self._name, "CHURN_SCHEMA": self._name, "POWERTOOLS_SERVICE_NAME": self._name}
        return {**deployed["Environment"]["Variables"], **own}

    def _create_table(self) -> None:
        table = self._dynamodb.describe_table(TableName=self._stage.table)["Table"]
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in table["GlobalSecondaryIndexes"]
        ]
        self._dynamodb.create_table(
            TableName=self._name,
            KeySchema=table["KeySchema"],
            AttributeDefinitions=table["AttributeDefinitions"],
            GlobalSecondaryIndexes=indexes,
            BillingMode="PAY_PER_REQUEST",
        )


def _chunks(publications: Iterable[Publication]) -> Iterator[list[Publication]]:
    chunk: list[Publication] = []
    size = 0
    for publication in publications:
        length = len(publication.data) + len(publication.partition_key)
        if chunk and (len(chunk) == MAX_RECORDS_PER_PUT or size + length > MAX_BYTES_PER_PUT):
            yield chunk
            chunk, size = [], 0
        chunk.append(publication)
        size += length
    if chunk:
        yield chunk
