"""Contestants that read a stream: this system, and a Bytewax dataflow."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import psutil

from loadtest.compare.contestant import Contestant, Service
from loadtest.compare.functions import sandboxes_of
from loadtest.compare.ground import PEERS, PROJECT, Ground
from loadtest.compare.store import key_of
from loadtest.compare.watch import kill
from producer.publisher import Publisher
from training.result import TrainedModel

# As Bytewax's own guide uses them: a snapshot every 30 s, none of them kept longer.
SNAPSHOT_SECONDS, BACKUP_SECONDS = "30", "0"


class Streamed(Contestant):
    """Events are put on a stream, by this project's publisher, which is client here and counted as such."""

    answers = False
    stream: str

    def __init__(self, ground: Ground, trained: TrainedModel) -> None:
        self._ground = ground
        self._trained = trained
        self._kinesis = ground.client("kinesis")

    def send(self, payload: bytes) -> bool:
        """One PutRecord."""
        self._kinesis.put_record(StreamName=self.stream, Data=payload, PartitionKey=key_of(payload)[0])
        return True

    def send_all(self, payloads: Sequence[bytes]) -> int:
        """PutRecords of many at a time."""
        return self._publish(payloads, None)

    def send_at(self, payloads: Sequence[bytes], rate: float) -> int:
        """PutRecords at this rate."""
        return self._publish(payloads, rate)

    def _publish(self, payloads: Sequence[bytes], rate: float | None) -> int:
        with Publisher(self._kinesis, self.stream, rate=rate) as publisher:
            for payload in payloads:
                publisher.send(key_of(payload)[0], payload)
            refused = publisher.flush()
        return len(payloads) - len(refused)


class Ours(Streamed):
    """The deployed zip behind the stack's own stream."""

    name = "ours"
    title = "this system: Kinesis, the deployed zip, DynamoDB"
    file = PROJECT / "contract" / "schemas" / "telco.json"

    def __enter__(self) -> Self:
        self.stream, self.table = self._ground.stream, self._ground.table
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing: the stage is not ours to end."""

    def start(self) -> None:
        """Nothing: Lambda starts it with the first batch."""

    def stop(self) -> None:
        """All its sandboxes."""
        kill(self.processes())

    def processes(self) -> list[psutil.Process]:
        """Its sandboxes."""
        return sandboxes_of(self._ground.emulator, self._ground.function)


class Bytewax(Streamed):
    """A dataflow with a recovery store, on a stream of its own."""

    name = "bytewax"
    title = "Bytewax + onnxruntime, a Kinesis source of one's own"
    file = PEERS / "bytewax_flow.py"
    needs = ("bytewax", "onnxruntime", "boto3")

    def __enter__(self) -> Self:
        self.table = self._ground.table_like_ours(self.name)
        self.stream = f"{self._ground.stream}-{self.name}"
        self._kinesis.create_stream(StreamName=self.stream, ShardCount=1)
        self._kinesis.get_waiter("stream_exists").wait(StreamName=self.stream)
        folder = self._ground.lay_out(self.name, self._trained, table=self.table, stream=self.stream)
        python, store = str(self._ground.python), folder / "recovery"
        store.mkdir()
        subprocess.run([python, "-m", "bytewax.recovery", str(store), "1"], check=True, capture_output=True)
        recovery = ["-r", str(store), "-s", SNAPSHOT_SECONDS, "-b", BACKUP_SECONDS]
        self._service = Service(
            self._ground, folder, ["-m", "bytewax.run", "loadtest.peers.bytewax_flow", *recovery]
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._service.stop()
        self._kinesis.delete_stream(StreamName=self.stream)
        self._ground.drop(self.table)

    def start(self) -> None:
        """The dataflow, from its last snapshot."""
        self._service.start()

    def stop(self) -> None:
        """The dataflow."""
        self._service.stop()

    def processes(self) -> list[psutil.Process]:
        """The dataflow."""
        return self._service.processes()
