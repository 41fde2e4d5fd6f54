"""One BatchWriteItem request over a real connection: what each answer means for the puts."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scorer.backoff import Patience
from scorer.dynamo import TEMPORARY_CODES, BatchWriter
from scorer.errors import RefusedWriteError, ScorerError, TemporaryWriteError
from scorer.table import PredictionTable
from tests.scorer.batches import FAR_DEADLINE
from tests.scorer.fake_dynamo import FakeDynamo
from tests.scorer.fakes import client_error
from tests.scorer.peer import CLOSE, RESET, Peer, Received, Step, from_dynamo, reply
from tests.scorer.puts import item_of
from tests.scorer.services import refused_url, service_at
from tests.scorer.test_table import put

PUTS = [put(number) for number in range(4)]


def writer_at(peer: Peer) -> BatchWriter:
    return BatchWriter(service_at(peer.url), "t")


def left_by(body: bytes) -> object:
    """What the writer makes of a body that came with the right checksum."""
    with Peer(lambda *_: [from_dynamo(body)]) as peer:
        return writer_at(peer)(PUTS)


def entry(customer: str, **more: object) -> dict[str, object]:
    """One entry of UnprocessedItems, with the key of PUTS."""
    item = {"customer_id": {"S": customer}, "event_key": {"S": PUTS[0].event_key}, **more}
    return {"PutRequest": {"Item": item}}


def unprocessed(*entries: dict[str, object], table: str = "t") -> bytes:
    return json.dumps({"UnprocessedItems": {table: list(entries)}}).encode()


def test_what_is_sent_is_what_dynamodb_stores() -> None:
    """Every item arrives as it was made, characters beyond ASCII and quotes included."""
    odd = put(9, customer='ü"\\/ 客')
    dynamo = FakeDynamo("t")
    with Peer(dynamo.over_http) as peer:
        assert writer_at(peer)([*PUTS, odd]) == []
    assert dynamo.items == {(p.customer_id, p.event_key): item_of(p) for p in (*PUTS, odd)}


def test_unprocessed_items_are_the_puts_that_were_sent() -> None:
    """By key, whatever else the answer holds; told twice, it is one."""
    found = left_by(unprocessed(entry("c2", extra={"S": "x"}), entry("c0"), entry("c2")))
    assert found == [PUTS[0], PUTS[2]]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b"[]",
        b'{"UnprocessedItems":null}',
        b'{"UnprocessedItems":{"t":[{}]}}',
        b'{"UnprocessedItems":{"t":[{"PutRequest":{"Item":{"customer_id":{"S":"c0"}}}}]}}',
        b'{"UnprocessedItems":{',
        b"\xff\xfe",
        b"<html>",
        unprocessed(entry("stranger")),
        unprocessed(entry("c0"), table="u"),
    ],
)
def test_an_answer_that_does_not_say_what_was_written_proves_nothing(body: bytes) -> None:
    """The request goes again: a put repeated is the same item, a put believed is lost."""
    with pytest.raises(TemporaryWriteError):
        left_by(body)


@pytest.mark.parametrize(
    "answer",
    [
        [reply(200, b'{"UnprocessedItems":{}}', x_amz_crc32="1")],
        [reply(200, b'{"UnprocessedItems":{}}', x_amz_crc32="none")],
        [reply(400, b'{"__type":"a#ResourceNotFoundException"}', x_amz_crc32="1")],
        [reply(200, b'{"UnprocessedItems":{}}', length=99), CLOSE],
        [reply(503, b"<html>busy</html>")],
        [reply(500)],
        [reply(429)],
        [reply(408, b"<html>idle</html>")],
        [from_dynamo(b'{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException"}', 400)],
        [RESET],
        [CLOSE],
    ],
)
def test_what_may_heal_is_temporary(answer: list[Step]) -> None:
    """A wrong checksum, a body cut short, 5xx, throttling, a broken connection."""
    with Peer(lambda *_: answer) as peer, pytest.raises(TemporaryWriteError):
        writer_at(peer)(PUTS)


@pytest.mark.parametrize(
    "body",
    [
        b'{"__type":"ThrottlingException"}',
        b'{"__type":"a#ThrottlingException","message":null}',
        b'{"__type":"a#ThrottlingException","Message":["odd"]}',
        b'{"__type":"ThrottlingException:http://internal.amazon.com/coral/a#b"}',
        b'{"__type":"a#ThrottlingException:http://internal.amazon.com/coral/"}',
    ],
)
def test_a_code_is_found_however_it_is_worded(body: bytes) -> None:
    """https://smithy.io/2.0/aws/protocols/aws-json-1_0-protocol.html#operation-error-serialization"""
    answer = from_dynamo(body, 400)
    with Peer(lambda *_: [answer]) as peer, pytest.raises(TemporaryWriteError) as caught:
        writer_at(peer)(PUTS)
    assert str(caught.value) == "dynamodb: ThrottlingException"


def test_nobody_listening_is_temporary() -> None:
    """DynamoDB may be back before the invocation ends."""
    with pytest.raises(TemporaryWriteError, match="dynamodb: NewConnectionError"):
        BatchWriter(service_at(refused_url()), "t")(PUTS)


@pytest.mark.parametrize("code", sorted(TEMPORARY_CODES))
def test_a_code_that_is_retried_elsewhere_is_retried_here(code: str) -> None:
    """Whatever the status; the message names the code."""
    dynamo = FakeDynamo("t", lambda _: client_error(code))
    with Peer(dynamo.over_http) as peer, pytest.raises(TemporaryWriteError, match=code):
        writer_at(peer)(PUTS)


def test_no_code_that_botocore_retries_is_missing() -> None:
    """Its standard mode is what the AWS SDKs have in common."""
    throttled: Any = ThrottledRetryableChecker
    transient: Any = TransientRetryableChecker
    known = {*throttled._THROTTLED_ERROR_CODES, *transient._TRANSIENT_ERROR_CODES}
    assert known <= TEMPORARY_CODES


@pytest.mark.parametrize(
    "code",
    [
        "AccessDeniedException",
        "ExpiredTokenException",
        "InvalidSignatureException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
        "ValidationException",
    ],
)
def test_what_never_heals_is_told_in_one_line(code: str) -> None:
    """AWS's code and message, on one line of bounded length, without the items."""
    body = json.dumps({"__type": f"com.amazon.coral#{code}", "Message": "two\nlines " * 100}).encode()
    with Peer(lambda *_: [from_dynamo(body, 400)]) as peer, pytest.raises(RefusedWriteError) as told:
        writer_at(peer)(PUTS)
    text = str(told.value)
    assert text.startswith(f"dynamodb: {code}: two lines two lines")
    assert len(text) < 400
    assert "\n" not in text
    assert "tenure" not in text


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"message": 3}'])
def test_a_refusal_without_a_code_is_told_by_its_status(body: bytes) -> None:
    """A proxy in between may answer in words of its own."""
    with Peer(lambda *_: [reply(403, body)]) as peer, pytest.raises(RefusedWriteError, match="HTTP 403"):
        writer_at(peer)(PUTS)


def test_an_answer_without_a_checksum_is_believed() -> None:
    """DynamoDB sends one; what stands in for it may not."""
    with Peer(lambda *_: [reply(200, b'{"UnprocessedItems":{}}')]) as peer:
        assert writer_at(peer)(PUTS) == []


def test_a_table_over_a_bad_network_ends_complete() -> None:
    """Every third request is broken off after it took effect, every fourth leaves items: none is missing."""
    dynamo = FakeDynamo("t", lambda number: 3 if number % 4 == 3 else 0)

    def act(number: int, received: Received) -> list[Step]:
        [answer] = dynamo.over_http(number, received)
        return [answer[:30], RESET] if number % 3 == 2 else [answer]

    puts = [put(number) for number in range(333)]
    with Peer(act) as peer:
        table = PredictionTable(writer_at(peer), patience=Patience(sleep=lambda _: None))
        assert table.put(puts, deadline=FAR_DEADLINE) == []
    assert set(dynamo.items) == {(p.customer_id, p.event_key) for p in puts}


def test_the_fakes_two_faces_agree() -> None:
    """Called directly, as most tests do, it answers as it does over the wire."""
    for answer in (0, 2, client_error("ThrottlingException"), client_error("ValidationException")):
        direct, wire = (FakeDynamo("t", lambda _: answer) for _ in range(2))  # noqa: B023
        with Peer(wire.over_http) as peer:
            assert _outcome(direct) == _outcome(writer_at(peer))
        assert direct.items == wire.items


def _outcome(write: FakeDynamo | BatchWriter) -> object:
    try:
        return write(PUTS)
    except ScorerError as error:
        return type(error), str(error)


@example([(19, b"\x00"), (91, b"\x80")], False)
@given(st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=3)), min_size=1, max_size=5), st.booleans())
@settings(deadline=None)
def test_no_damage_to_an_answer_is_unforeseen(damage: list[tuple[int, bytes]], cut: bool) -> None:
    """Bytes changed, put in or cut off anywhere in head or body: written, to be retried, or refused."""
    answer = from_dynamo(unprocessed(entry("c1")))
    for place, insert in damage:
        answer = answer[:place] + insert + (b"" if cut else answer[place + len(insert) // 2 :])
    with Peer(lambda *_: [answer, CLOSE]) as peer, suppress(TemporaryWriteError, RefusedWriteError):
        assert set(writer_at(peer)(PUTS)) <= set(PUTS)
