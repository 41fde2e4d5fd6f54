"""What goes wrong at the network edge. Each function is one kind of fault and carries its name."""

from __future__ import annotations

import json
import signal
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace

from tests.faults.edge import WRITE, Exchange, Fault
from tests.faults.wire import CRC_HEADER, Response

TOO_LATE_SECONDS = 3.3  # the function's read timeout is 3 seconds
SLOW_SECONDS = 0.1
DRIP_BYTES, DRIP_SECONDS = 8, 0.02
AMZ_JSON = {"Content-Type": "application/x-amz-json-1.0"}
DYNAMODB_ERROR = "com.amazonaws.dynamodb.v20120810#"


def _refusal(exchange: Exchange, status: int, code: str) -> Response:
    if exchange.request.operation != WRITE:
        body = f"<Error><Code>{code}</Code><Message>injected</Message></Error>".encode()
        return Response(status, {"Content-Type": "application/xml"}, body)
    body = json.dumps({"__type": DYNAMODB_ERROR + code, "message": "injected"}).encode()
    return Response(status, AMZ_JSON, b"").with_body(body)


def _page(status: int) -> Response:
    """What a load balancer says, which is no AWS answer at all."""
    return Response(status, {"Content-Type": "text/html"}, b"<html><h1>injected</h1></html>")


def throttled(exchange: Exchange) -> None:
    """DynamoDB refuses for its throughput."""
    exchange.answer(_refusal(exchange, 400, "ProvisionedThroughputExceededException"))


def rate_limited(exchange: Exchange) -> None:
    """DynamoDB refuses for its control plane's rate."""
    exchange.answer(_refusal(exchange, 400, "ThrottlingException"))


def forbidden(exchange: Exchange) -> None:
    """Someone has taken the function's permission away, for a while: no retry of its own heals that."""
    exchange.answer(_refusal(exchange, 403, "AccessDeniedException"))


def not_there(exchange: Exchange) -> None:
    """The table or the bucket is not known, for a while."""
    code = "ResourceNotFoundException" if exchange.request.operation == WRITE else "NoSuchBucket"
    exchange.answer(_refusal(exchange, 400 if exchange.request.operation == WRITE else 404, code))


def server_error(exchange: Exchange) -> None:
    """500, and nothing was done."""
    exchange.answer(_refusal(exchange, 500, "InternalServerError"))


def unavailable(exchange: Exchange) -> None:
    """503 from something in between, in HTML."""
    exchange.answer(_page(503))


def done_then_error(exchange: Exchange) -> None:
    """500, and yet it was done."""
    exchange.forward()
    exchange.answer(_refusal(exchange, 500, "InternalServerError"))


def reset_before(exchange: Exchange) -> None:
    """The connection breaks before the request arrives."""
    exchange.reset()


def reset_after(exchange: Exchange) -> None:
    """The request is done; the connection breaks before the answer."""
    exchange.forward()
    exchange.reset()


def slow(exchange: Exchange) -> None:
    """The answer takes its time."""
    exchange.wait(SLOW_SECONDS)
    exchange.answer(exchange.forward())


def dripping(exchange: Exchange) -> None:
    """The answer comes a few bytes at a time."""
    encoded = exchange.forward().encoded()
    for start in range(0, len(encoded), DRIP_BYTES):
        exchange.send(encoded[start : start + DRIP_BYTES])
        if len(encoded) - start < 20 * DRIP_BYTES:
            exchange.wait(DRIP_SECONDS)


def too_late(exchange: Exchange) -> None:
    """Done at once; the answer comes after the function's patience."""
    answer = exchange.forward()
    exchange.wait(TOO_LATE_SECONDS)
    exchange.answer(answer)
    exchange.over = True


def never(exchange: Exchange) -> None:
    """Never done and never answered."""
    exchange.wait(TOO_LATE_SECONDS)
    exchange.reset()


def done_late(exchange: Exchange) -> None:
    """Done only when the function has given up on it and perhaps done it again."""
    exchange.wait(TOO_LATE_SECONDS)
    exchange.forward()
    exchange.reset()


def cut_short(exchange: Exchange) -> None:
    """Done; the answer ends in the middle."""
    answer = exchange.forward()
    exchange.answer(replace(answer, body=answer.body[: len(answer.body) // 2], claims=len(answer.body)))


def garbage(exchange: Exchange) -> None:
    """Not done, and answered with success and something that is no answer."""
    exchange.answer(_page(200))


def echoed(exchange: Exchange) -> None:
    """Done; the answer comes twice, and the second is not one to the next request."""
    answer = exchange.forward()
    exchange.send(answer.encoded() * 2)


def unexplained(exchange: Exchange) -> None:
    """Done; the answer is JSON and does not say what was left."""
    exchange.answer(exchange.forward().with_body(b"{}"))


def flipped(exchange: Exchange) -> None:
    """A byte of the answer is another one than was sent; its checksum is not."""
    answer = exchange.forward()
    if not answer.body:
        exchange.answer(answer)
        return
    middle = len(answer.body) // 2
    other = bytes([answer.body[middle] ^ 1])
    exchange.answer(replace(answer, body=answer.body[:middle] + other + answer.body[middle + 1 :]))


def partly_done(exchange: Exchange) -> None:
    """DynamoDB takes some items and says which it left."""
    _hold_back(exchange, lambda left: json.dumps({"UnprocessedItems": left}).encode())


def lying(exchange: Exchange) -> None:
    """Some items are left, and the words that say so are lost on the way: only the checksum tells."""
    _hold_back(exchange, lambda _: b'{"UnprocessedItems":{}}', honest=lambda left: json.dumps(left).encode())


def none_done(exchange: Exchange) -> None:
    """DynamoDB takes nothing of the request and says so."""
    left = json.loads(exchange.message.body)["RequestItems"]
    exchange.answer(Response(200, AMZ_JSON, b"").with_body(json.dumps({"UnprocessedItems": left}).encode()))


def _hold_back(
    exchange: Exchange,
    told: Callable[[object], bytes],
    honest: Callable[[object], bytes] | None = None,
) -> None:
    """Really forward only some of the items, chosen by their content; `honest` is what the checksum is of."""
    request = json.loads(exchange.message.body)
    kept: dict[str, list[object]] = {}
    left: dict[str, list[object]] = {}
    for table, entries in request["RequestItems"].items():
        for place, entry in enumerate(entries):
            kept_now = place % 2 == zlib.crc32(exchange.request.subject.encode()) % 2 and len(entries) > 1
            (kept if kept_now else left).setdefault(table, []).append(entry)
    if kept:
        exchange.forward(json.dumps({**request, "RequestItems": kept}).encode())
    answer = Response(200, AMZ_JSON, b"").with_body(told(left))
    if honest is not None:
        answer = replace(answer, headers=answer.headers | {CRC_HEADER: str(zlib.crc32(honest(left)))})
    exchange.answer(answer)


def killed_before(exchange: Exchange) -> None:
    """The function is killed while its request is on the way, which never arrives."""
    exchange.signal(signal.SIGKILL)
    exchange.reset()


def killed_after(exchange: Exchange) -> None:
    """The function is killed after its request was done and before it hears so."""
    exchange.forward()
    exchange.signal(signal.SIGKILL)
    exchange.reset()


def hung(exchange: Exchange) -> None:
    """The function stands still after its request was done: only the end of its time ends it."""
    exchange.forward()
    exchange.signal(signal.SIGSTOP)
    exchange.reset()


def passed(exchange: Exchange) -> None:
    """Nothing goes wrong."""
    exchange.answer(exchange.forward())


def held(gate: threading.Event, then: Fault = passed) -> Fault:
    """The request waits until `gate` is set."""

    def waiting(exchange: Exchange) -> None:
        while not gate.is_set() and not exchange.closing.is_set():
            gate.wait(0.05)
        then(exchange)

    waiting.__name__ = "held"
    return waiting


def first(action: Callable[[], object], then: Fault = passed) -> Fault:
    """`action` happens elsewhere in AWS just before the request arrives."""

    def after_action(exchange: Exchange) -> None:
        action()
        then(exchange)

    after_action.__name__ = "meanwhile"
    return after_action


# Those that cost no waiting, and may be frequent.
WRITE_FAULTS: tuple[Fault, ...] = (
    throttled,
    rate_limited,
    partly_done,
    none_done,
    lying,
    server_error,
    unavailable,
    done_then_error,
    reset_before,
    reset_after,
    cut_short,
    garbage,
    unexplained,
    flipped,
    echoed,
    slow,
    dripping,
)
LATE_FAULTS: tuple[Fault, ...] = (too_late, never, done_late)
OBJECT_FAULTS: tuple[Fault, ...] = (
    server_error,
    unavailable,
    done_then_error,
    reset_before,
    reset_after,
    cut_short,
    flipped,
    slow,
    dripping,
)
REFUSALS: tuple[Fault, ...] = (forbidden, not_there)
KILLS: tuple[Fault, ...] = (killed_before, killed_after)
