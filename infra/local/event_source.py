"""The Kinesis → Lambda event source that MiniStack lacks, with the semantics that AWS documents.

MiniStack takes a returned batchItemFailures for success and ignores every failure setting, so the local
stage keeps its mapping disabled and runs this one with the mapping's own settings. Kinesis, the function
and the destination are arguments, so that tests can put faults between them.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from infra.local.mapping import MappingSettings
from infra.local.sending import Discard, Invoke, Observe
from infra.local.shard_reader import KinesisReader, ShardReader, StartPosition

log = logging.getLogger(__name__)

SHARD_REFRESH_SECONDS = 1.0


def ignore(_metric: str, _value: float, _at: float | None = None) -> None:
    """Observe nothing."""


class EventSource:
    """Reads every shard of a mapping's stream and sends its records to a function.

    Guarantees: at least once; in order per partition key; a child shard only after its parents are
    drained; a record is behind the checkpoint only when it succeeded or its destination has it.
    """

    def __init__(
        self,
        *,
        settings: MappingSettings,
        kinesis: KinesisReader,
        invoke: Invoke,
        discard: Discard,
        observe: Observe = ignore,
        resume_after: Mapping[str, str] | None = None,
        shard_refresh_seconds: float = SHARD_REFRESH_SECONDS,
    ) -> None:
        """`resume_after` holds the checkpoints of an earlier run; its shards are read from there on."""
        self._settings = settings
        self._kinesis = kinesis
        self._invoke = invoke
        self._discard = discard
        self._observe = observe
        self._resume_after = resume_after or {}
        self._refresh_seconds = shard_refresh_seconds
        self._stopping = threading.Event()
        self._readers: dict[str, ShardReader] = {}
        self._thread = threading.Thread(target=self._follow_shards, name="shards", daemon=True)

    def __enter__(self) -> "EventSource":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin reading, on threads of its own."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Stop after the invocations under way; what is unfinished stays behind no checkpoint."""
        self._stopping.set()
        self._thread.join(timeout_seconds)
        for reader in self._readers.values():
            reader.join(timeout_seconds)

    @property
    def checkpoints(self) -> dict[str, str | None]:
        """Per shard read so far, the sequence number up to which all records are finished."""
        return {shard_id: reader.checkpoint for shard_id, reader in dict(self._readers).items()}

    def _follow_shards(self) -> None:
        first_look = True
        while not self._stopping.is_set():
            try:
                shards = self._list_shards()
            except (ClientError, BotoCoreError) as error:
                log.warning("cannot list the shards of %s: %s", self._settings.stream, error)
            else:
                self._start_readers(shards, first_look=first_look)
                first_look = False
            self._stopping.wait(self._refresh_seconds)

    def _list_shards(self) -> list[dict[str, Any]]:
        request: dict[str, Any] = {"StreamName": self._settings.stream}
        shards: list[dict[str, Any]] = []
        while True:
            page = self._kinesis.list_shards(**request)
            shards += cast(list[dict[str, Any]], page["Shards"])
            if not page.get("NextToken"):
                return shards
            request = {"NextToken": page["NextToken"]}

    def _start_readers(self, shards: Sequence[dict[str, Any]], *, first_look: bool) -> None:
        present: set[str] = {shard["ShardId"] for shard in shards}
        for shard in shards:
            shard_id = shard["ShardId"]
            parents = present & {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")}
            if shard_id in self._readers or not all(self._is_drained(parent) for parent in parents):
                continue
            # What resharding adds later is read from its start: LATEST would skip its first records.
            position = self._settings.starting_position if first_look or not parents else "TRIM_HORIZON"
            reader = ShardReader(
                shard_id=shard_id,
                position=cast(StartPosition, position),
                after=self._resume_after.get(shard_id),
                settings=self._settings,
                kinesis=self._kinesis,
                invoke=self._invoke,
                discard=self._discard,
                observe=self._observe,
                stopping=self._stopping,
            )
            self._readers[shard_id] = reader
            reader.start()

    def _is_drained(self, shard_id: str) -> bool:
        return shard_id in self._readers and self._readers[shard_id].drained
