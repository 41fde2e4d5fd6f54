"""The wire under the function's AWS calls: bounded time, whole answers, connections kept over a freeze."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from scorer.aws import signed_http
from scorer.aws.signed_http import PIECE_BYTES, SignedHttp, Tls
from scorer.errors import NoAnswerError, SettingsError
from tests.scorer.certificates import server_tls
from tests.scorer.peer import CLOSE, RESET, Peer, Received, Step, reply, within
from tests.scorer.services import refused_url, service_at

OK = reply(200, b"{}")


def post(http: SignedHttp, body: bytes = b"{}") -> bytes:
    return http.send("POST", "/", headers={"Content-Type": "text/plain"}, body=body).body


def script(*answers: list[Step]) -> Peer:
    """The n-th request gets the n-th answer; those beyond the last get the last."""
    return Peer(lambda number, _: answers[min(number, len(answers) - 1)])


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Timeouts a test can wait for."""
    monkeypatch.setattr(signed_http, "READ_SECONDS", 0.3)
    monkeypatch.setattr(signed_http, "CONNECT_SECONDS", 0.3)


def test_a_connection_is_kept_from_request_to_request() -> None:
    """One handshake for many requests; each of them is whole."""
    with script([OK]) as peer:
        http = service_at(peer.url)
        assert [post(http, body) for body in (b"1", b"22", b"333")] == [b"{}"] * 3
        assert [request.body for request in peer.requests] == [b"1", b"22", b"333"]
        assert peer.connections == 1


@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_a_kept_connection_that_the_peer_has_closed_is_noticed_before_it_is_used(end: str) -> None:
    """After a freeze the function finds a closed socket: no request is lost on it, none is sent twice."""
    with script([OK, end], [OK]) as peer:
        http = service_at(peer.url)
        post(http)
        time.sleep(0.05)
        assert post(http) == b"{}"
        assert (len(peer.requests), peer.connections) == (2, 2)


@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_a_kept_connection_that_breaks_under_the_request_is_replaced_at_once(end: str) -> None:
    """A peer that had forgotten the connection says so only when it is used."""
    with script([OK], [end], [OK]) as peer:
        http = service_at(peer.url)
        post(http)
        assert post(http) == b"{}"
        assert (len(peer.requests), peer.connections) == (3, 2)


def test_where_one_kept_connection_is_dead_no_other_is_tried() -> None:
    """All were kept over the same freeze: after the first that breaks, all requests go over new ones."""
    met = threading.Barrier(4)
    old: set[threading.Thread] = set()

    def act(number: int, _: Received) -> list[Step]:
        if threading.current_thread() in old:
            return [RESET]
        if number < 4:
            old.add(threading.current_thread())
        if number not in {4, 5}:
            met.wait(timeout=10)
        return [OK]

    with Peer(act) as peer:
        http = service_at(peer.url)
        at_once(4, lambda: post(http))
        assert post(http) == b"{}"
        at_once(4, lambda: post(http))
        assert len(peer.requests) == 4 + 2 + 4
        assert peer.connections == 4 + 4


def at_once(count: int, act: Callable[[], object]) -> None:
    threads = [threading.Thread(target=act) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("end", [CLOSE, RESET])
def test_a_peer_that_breaks_every_connection_is_given_up(end: str) -> None:
    """Two requests, then the caller's turn to wait and try again."""
    with script([end]) as peer:
        with pytest.raises(NoAnswerError, match="dynamodb: ProtocolError"):
            post(service_at(peer.url))
        assert len(peer.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        [reply(200, b"{}", length=100), CLOSE],
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", CLOSE],
        [b"this is not HTTP\r\n\r\n", CLOSE],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort", CLOSE],
    ],
)
def test_an_answer_cut_short_is_none(answer: list[Step]) -> None:
    """A body shorter than announced, a head without its end: nothing of it is believed."""
    with script(answer) as peer, pytest.raises(NoAnswerError):
        post(service_at(peer.url))


@pytest.mark.parametrize("size", [b"-5", b"f" * 16])
def test_an_answer_with_an_impossible_chunk_is_none(size: bytes) -> None:
    """http.client trusts the size; what it then raises is no failure of the batch."""
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + size + b"\r\n{}"
    with script([answer, CLOSE]) as peer, pytest.raises(NoAnswerError):
        post(service_at(peer.url))


def test_a_header_that_cannot_be_sent_is_told_without_its_value() -> None:
    """http.client quotes it, and it may be the session token."""
    token = "not to be\nshown"
    with script([OK]) as peer:
        with pytest.raises(NoAnswerError, match="dynamodb: ValueError") as caught:
            service_at(peer.url).send("GET", "/", headers={"X-Token": token})
        assert "shown" not in "".join(traceback.format_exception(caught.value))
        assert peer.requests == []


def test_an_announced_answer_is_not_taken_for_that_of_the_next_request() -> None:
    """It comes late, on a connection that nobody uses any more."""
    announced = b"HTTP/1.1 103 Early Hints\r\n\r\n"
    with script([announced, 0.05, OK], [0.1, reply(200, b"the second")]) as peer:
        http = service_at(peer.url)
        with pytest.raises(NoAnswerError, match="HTTP 103"):
            post(http)
        assert post(http) == b"the second"


def test_nobody_listening_is_no_answer() -> None:
    """A refused connection is for the caller to try again."""
    with pytest.raises(NoAnswerError, match="NewConnectionError"):
        post(service_at(refused_url()))


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "answer",
    [
        [5.0],
        [OK[:20], 5.0],
        [step for byte in OK for step in (bytes([byte]), 0.1)],
        [reply(200, length=1000), *[b"x", 0.1] * 50],
    ],
    ids=["silence", "silence in the head", "a dripping head", "a dripping body"],
)
def test_a_slow_answer_is_given_up_in_time(answer: list[Step]) -> None:
    """The timeout is for the whole answer: it does not begin again with each byte."""
    with script(answer) as peer:
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match="ReadTimeoutError"):
            post(service_at(peer.url))
        assert within(0.6, begun)
        assert len(peer.requests) == 1


def test_silence_after_a_late_beginning_has_only_the_rest_of_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer that begins at the last moment is not given the whole time once more."""
    monkeypatch.setattr(signed_http, "READ_SECONDS", 1.0)
    with script([0.8, OK[:20], 5.0]) as peer:
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match="ReadTimeoutError"):
            post(service_at(peer.url))
        assert within(1.4, begun)


def test_no_request_outlasts_the_invocation() -> None:
    """What is left of the time bounds an answer; with none left, nothing is sent."""
    with script([5.0]) as peer:
        end = time.monotonic() + 0.2
        http = service_at(peer.url, ends=lambda: end)
        with pytest.raises(NoAnswerError, match="ReadTimeoutError"):
            post(http)
        assert within(0.3, end)
        with pytest.raises(NoAnswerError, match="no time left"):
            post(http)
        assert len(peer.requests) == 1


@pytest.mark.usefixtures("hasty")
def test_a_slow_answer_leaves_no_short_timeout_behind() -> None:
    """A kept connection starts each answer with the whole time."""
    slow: list[Step] = [OK[:-1], 0.2, OK[-1:]]
    with script(slow) as peer:
        http = service_at(peer.url)
        assert [post(http) for _ in range(3)] == [b"{}"] * 3
        assert peer.connections == 1


def test_a_big_body_is_sent_whole_and_in_pieces() -> None:
    """Content-Length is told and nothing is chunked: S3 takes no upload without it."""
    body = bytes(range(256)) * 4096
    assert len(body) > PIECE_BYTES
    with script([OK]) as peer:
        post(service_at(peer.url), body)
        [request] = peer.requests
        assert request.body == body
        assert "transfer-encoding" not in request.headers


def test_a_big_body_is_given_time_as_long_as_it_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several times what one piece is given; but not beyond the invocation."""
    monkeypatch.setattr(signed_http, "CONNECT_SECONDS", 0.3)
    body = bytes(20 << 20)
    with Peer(lambda *_: [OK], slow_to_read=True) as peer:
        begun = time.monotonic()
        assert post(service_at(peer.url), body) == b"{}"
        assert not within(0.7, begun)
        end = time.monotonic() + 0.5
        with pytest.raises(NoAnswerError, match="no time left"):
            post(service_at(peer.url, ends=lambda: end), body)
        assert within(0.5, end)


def test_compressed_bytes_are_handed_over_as_they_are() -> None:
    """The checksum is over what was sent; nothing is unpacked behind the caller's back."""
    with script([reply(200, b"not gzip at all", Content_Encoding="gzip")]) as peer:
        assert post(service_at(peer.url)) == b"not gzip at all"
        assert peer.requests[0].headers["accept-encoding"] == "identity"


def test_a_redirect_is_an_answer() -> None:
    """A signature is for one host: following would only be refused there."""
    with script([reply(301, Location="http://127.0.0.1:9/")]) as peer:
        assert service_at(peer.url).send("GET", "/", headers={}).status == 301


def test_tls_is_verified_with_the_bundle_that_is_given(tmp_path: Path) -> None:
    """The right authority lets the answer through; botocore's own does not know the test's."""
    context, authority = server_tls(tmp_path)
    with Peer(lambda *_: [OK], tls=context) as peer:
        http = service_at(peer.url, ca_bundle=str(authority))
        assert [post(http), post(http)] == [b"{}"] * 2
        assert peer.connections == 1
        with pytest.raises(NoAnswerError, match="SSLError"):
            post(service_at(peer.url))


@pytest.mark.usefixtures("hasty")
def test_a_dripping_answer_is_bounded_under_tls_too(tmp_path: Path) -> None:
    """Timeouts are the same whatever carries the bytes."""
    context, authority = server_tls(tmp_path)
    drip = [step for byte in OK for step in (bytes([byte]), 0.1)]
    with Peer(lambda *_: drip, tls=context) as peer:
        begun = time.monotonic()
        with pytest.raises(NoAnswerError, match="ReadTimeoutError"):
            post(service_at(peer.url, ca_bundle=str(authority)))
        assert within(0.8, begun)


def test_a_bundle_that_is_none_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere, or to something else."""
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(SettingsError, match=f"AWS_CA_BUNDLE: .*{name}"):
            post(service_at("https://localhost:9", ca_bundle=str(tmp_path / name)))


def test_old_tls_is_not_spoken() -> None:
    """1.2 at least, with names checked, and one context however often it is asked for."""
    tls = Tls()
    assert tls.context is tls.context
    assert tls.context.minimum_version.name == "TLSv1_2"
    assert tls.context.check_hostname
    assert tls.context.verify_mode.name == "CERT_REQUIRED"
