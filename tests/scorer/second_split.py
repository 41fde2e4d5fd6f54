"""Aggregated records as Google's protobuf runtime reads them, by AWS's own description of the messages."""

from __future__ import annotations

import hashlib
from typing import Any

import aws_kinesis_agg.aggregator  # noqa: F401 (first, for it makes the next one importable)
from aws_kinesis_agg import messages_pb2
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

from scorer.aggregation import CHECKSUM_BYTES, MAGIC, SubRecord


def _message_type() -> Any:
    """AWS's AggregatedRecord without the tags, which are not taken apart here and so not checked either."""
    file = descriptor_pb2.FileDescriptorProto()
    messages_pb2.AggregatedRecord.DESCRIPTOR.file.CopyToProto(file)
    kept = [message for message in file.message_type if message.name in {"AggregatedRecord", "Record"}]
    for message in kept:
        fields = [entry for entry in message.field if entry.name != "tags"]
        del message.field[:]
        message.field.extend(fields)
    alone = descriptor_pb2.FileDescriptorProto(name="alone.proto", package=file.package, message_type=kept)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(alone)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.AggregatedRecord"))


AggregatedRecord = _message_type()


def split_as_google(payload: bytes) -> list[SubRecord] | None:
    """The documented meaning of a record."""
    message, checksum = payload[len(MAGIC) : -CHECKSUM_BYTES], payload[-CHECKSUM_BYTES:]
    if not payload.startswith(MAGIC) or hashlib.md5(message, usedforsecurity=False).digest() != checksum:
        return None
    try:
        found = AggregatedRecord.FromString(message)
    except DecodeError:
        return None
    keys, hash_keys = found.partition_key_table, found.explicit_hash_key_table
    # Text that is not UTF-8 is handed out as bytes.
    if not found.IsInitialized() or any(isinstance(key, bytes) for key in (*keys, *hash_keys)):
        return None
    if any(record.partition_key_index >= len(keys) for record in found.records):
        return None
    hash_indexes = [r.explicit_hash_key_index for r in found.records if r.HasField("explicit_hash_key_index")]
    if max(hash_indexes, default=-1) >= len(hash_keys):
        return None
    return [SubRecord(keys[r.partition_key_index], r.data) for r in found.records] or None
