"""How often a shard is read, and that reading it without boto3's parser finds the same."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from infra.local.client_settings import client_arguments
from infra.local.kinesis_reads import KinesisReads
from infra.local.polling import (
    ACTIVE_POLL_SECONDS,
    ACTIVE_SECONDS,
    IDLE_POLL_SECONDS,
    MAX_PAUSE_SECONDS,
    PAUSE_PER_READ,
    Polling,
)
from infra.local.stage import LocalStage


def test_a_full_read_is_followed_at_once() -> None:
    """There is more, and waiting would only let it grow old."""
    assert Polling(0.0).pause_seconds(now=9.0, took_seconds=1.0, records=500, limit=500) == 0


def test_a_shard_is_asked_seldom_only_after_it_has_been_quiet() -> None:
    """Soon after the start and after a record, seldom otherwise."""
    polling = Polling(0.0)

    def pause(now: float, records: int) -> float:
        return polling.pause_seconds(now=now, took_seconds=0.001, records=records, limit=500)

    assert pause(0.1, 0) == ACTIVE_POLL_SECONDS
    assert pause(ACTIVE_SECONDS + 0.1, 0) == IDLE_POLL_SECONDS
    assert pause(10.0, 1) == ACTIVE_POLL_SECONDS
    assert pause(11.0, 0) == ACTIVE_POLL_SECONDS
    assert pause(10.0 + ACTIVE_SECONDS, 0) == IDLE_POLL_SECONDS


def test_a_slow_stream_is_asked_less_often() -> None:
    """Reading takes a quarter of the time at most, up to a bound."""
    polling = Polling(0.0)
    slow = polling.pause_seconds(now=0.1, took_seconds=0.05, records=3, limit=500)
    assert slow == pytest.approx(PAUSE_PER_READ * 0.05)
    assert polling.pause_seconds(now=0.1, took_seconds=9.0, records=3, limit=500) == MAX_PAUSE_SECONDS


@pytest.mark.emulator
def test_lean_reads_find_what_boto3_finds(local_aws: LocalStage) -> None:
    """Records, iterators and errors are the same, whatever the bytes and the key."""
    arguments = local_aws.client_arguments()
    kinesis: Any = boto3.client("kinesis", **arguments)
    stream, shard = f"t-{uuid.uuid4().hex}", "shardId-000000000000"
    kinesis.create_stream(StreamName=stream, ShardCount=1)
    entries = [{"Data": bytes([n, 255, 0]) * n, "PartitionKey": f'ä"\\{n}'} for n in range(1, 6)]
    kinesis.put_records(StreamName=stream, Records=entries)
    reads = KinesisReads(kinesis, arguments)
    position = {"StreamName": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    start = reads.get_shard_iterator(**position)["ShardIterator"]
    theirs, ours = (each.get_records(ShardIterator=start, Limit=3) for each in (kinesis, reads))
    for mine, other in zip(ours["Records"], theirs["Records"], strict=True):
        assert mine == {name: other[name] for name in mine}
    rest = reads.get_records(ShardIterator=ours["NextShardIterator"], Limit=10)["Records"]
    assert [record["Data"] for record in [*ours["Records"], *rest]] == [entry["Data"] for entry in entries]
    with pytest.raises(ClientError) as error:
        reads.get_records(ShardIterator="nonsense", Limit=1)
    assert error.value.response["Error"]["Code"] == "ExpiredIteratorException"
    kinesis.delete_stream(StreamName=stream)


def test_a_stream_that_cannot_be_reached_is_botocores_error() -> None:
    """So that a shard reader waits and tries again."""
    arguments = client_arguments("http://127.0.0.1:9")
    reads = KinesisReads(boto3.client("kinesis", **arguments), arguments)
    with pytest.raises(HTTPClientError):
        reads.get_records(ShardIterator="x", Limit=1)
