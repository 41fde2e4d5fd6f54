"""A Kinesis record unwraps to bytes, or to a rejection that keeps its text."""

from __future__ import annotations

import pytest

from contract.rejection import Rejection
from scorer.records import read_record
from tests.scorer.batches import NOW_MS, SHARD, record, sequence


def test_a_record_gives_its_identity_arrival_and_bytes() -> None:
    """The event id is shard and sequence number, the arrival is in milliseconds, the payload is decoded."""
    found, rejected = read_record(record(b"\x00\xffpayload", 1))
    assert rejected is None
    assert found.event_id == f"{SHARD}:{sequence(1)}"
    assert (found.shard, found.sequence, found.arrived_ms) == (SHARD, sequence(1), NOW_MS)
    assert (found.partition_key, found.payload) == ("key", b"\x00\xffpayload")


@pytest.mark.parametrize("text", ["!!!!", "YWJ", "YWJj\n", "YQ==YQ==", "é", "\ud800"])
def test_data_that_is_not_base64_is_rejected_and_kept(text: str) -> None:
    """A stray character, a cut text or a line break is a rejection whose payload is the text itself."""
    found, rejected = read_record(record(text))
    assert rejected is not None
    assert rejected.kind is Rejection.BAD_ENCODING
    assert found.payload.decode(errors="surrogatepass") == text


def test_something_that_is_no_kinesis_record_raises() -> None:
    """An event of another source is a wiring mistake, not a bad record."""
    with pytest.raises(KeyError):
        read_record({"messageId": "1", "body": "{}"})
