"""Tables at an address come whole, or not at all."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.serving import serving
from tests.training.tables import SHOP, shop_rows, write_csv
from training.data.dataset import read_table
from training.data.download import public_name
from training.errors import DatasetError


@pytest.fixture
def answers() -> dict[str, bytes]:
    """What the server writes for each path, byte for byte, before it closes the connection."""
    return {}


@pytest.fixture
def server(answers: dict[str, bytes]) -> Iterator[str]:
    class Scripted(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.wfile.write(answers.get(self.path, b"HTTP/1.0 404 Not Found\r\n\r\n"))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(Scripted) as address:
        yield address


@pytest.fixture
def table(tmp_path: Path) -> bytes:
    return write_csv(tmp_path / "shop.csv", shop_rows(50)).read_bytes()


def answer(body: bytes, length: int | None) -> bytes:
    announced = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.0 200 OK\r\n{announced}\r\n".encode() + body


@pytest.mark.parametrize("announced", [True, False])
def test_a_table_is_read_from_a_url(
    server: str, answers: dict[str, bytes], table: bytes, announced: bool
) -> None:
    """http(s) addresses are fetched once and read like files, with or without a Content-Length."""
    answers["/shop.csv"] = answer(table, len(table) if announced else None)
    found = read_table(f"{server}/shop.csv", SHOP)
    assert (found.rows, found.source) == (50, f"{server}/shop.csv")


def test_a_compressed_table_is_read_from_a_url(server: str, answers: dict[str, bytes], table: bytes) -> None:
    """gzip works from an address as from a file."""
    body = gzip.compress(table)
    answers["/shop.csv.gz"] = answer(body, len(body))
    assert read_table(f"{server}/shop.csv.gz", SHOP).rows == 50


def test_a_download_that_breaks_off_is_not_trained_on(
    server: str, answers: dict[str, bytes], table: bytes
) -> None:
    """Fewer bytes than announced is an error, even where what came is a valid table."""
    answers["/shop.csv"] = answer(table, 999_999)
    with pytest.raises(DatasetError, match=rf"broke off after {len(table):,} of 999,999 bytes; try again"):
        read_table(f"{server}/shop.csv", SHOP)


def test_a_url_that_answers_404_is_one_line(server: str) -> None:
    """The status is in the message."""
    with pytest.raises(DatasetError, match="the server answered 404 Not Found"):
        read_table(f"{server}/nothing.csv", SHOP)


@pytest.mark.parametrize(
    ("path", "raw", "expected"),
    [
        ("/a b.csv", b"", "URL can't contain control characters"),
        ("/x.csv", b"", "closed connection without response"),
        ("/x.csv", b"\x1b[31mSSH-2.0\r\n", r"cannot be fetched (\x1b[31mSSH-2.0"),
        ("/x.csv", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nabc", "IncompleteRead"),
    ],
)
def test_a_server_or_url_that_breaks_the_protocol_is_one_line(
    server: str, answers: dict[str, bytes], path: str, raw: bytes, expected: str
) -> None:
    """What http.client raises is no traceback, and shows no control characters."""
    answers[path] = raw
    with pytest.raises(DatasetError) as caught:
        read_table(server + path, SHOP)
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_server_that_is_not_there_is_one_line() -> None:
    """A refused connection is no traceback."""
    with pytest.raises(DatasetError, match="cannot be fetched"):
        read_table("http://127.0.0.1:9/data.csv", SHOP)


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("https://user:secret@host:8443/a/b.csv?X-Amz-Signature=secret#x", "https://host:8443/a/b.csv"),
        ("http://host/plain.csv", "http://host/plain.csv"),
        ("folder/what?.csv", "folder/what?.csv"),
    ],
)
def test_secrets_in_an_address_are_not_passed_on(source: str, shown: str) -> None:
    """A presigned query or a password appears in no message, manifest or report."""
    assert public_name(source) == shown
