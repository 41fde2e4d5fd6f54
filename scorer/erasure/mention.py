"""Whose an event is, where bytes that could not be scored do not always say so."""

from __future__ import annotations

import binascii
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum

import msgspec

TELLING_BYTES = 4  # a shorter id also stands in bytes that have nothing to do with it
ESCAPE = re.compile(r"\\u([0-9a-f]{4})")
BASE64_RUN = re.compile(rb"[A-Za-z0-9+/]{8,}={0,2}")


class Mention(Enum):
    """What an event has to do with a customer."""

    NONE = "none"
    OWN = "own"  # its partition key or its subject is the customer
    TEXT = "text"  # it says of nobody whose it is, and the id stands in it as a word of its own
    UNSURE = "unsure"  # it is another customer's, or what stands in it may be something else than the id


class Customer:
    """One customer, as events name them."""

    def __init__(self, customer_id: str) -> None:
        self.id = customer_id
        escaped = re.escape(customer_id)
        self._is_telling = len(customer_id.encode()) >= TELLING_BYTES and not customer_id.isdecimal()
        # 42 is also a tenure, "42" is an id.
        self._word = re.compile(rf"(?<![\w-]){escaped}(?![\w-])" if self._is_telling else f'"{escaped}"')
        self._spellings = set(_spellings(customer_id))

    def mention(self, partition_key: str, payload: bytes) -> Mention:
        """What a record has to do with the customer. Never raises, whatever the bytes."""
        if partition_key == self.id:
            return Mention.OWN
        subject = _subject(payload)
        if subject == self.id:
            return Mention.OWN
        if not any(spelling in payload for spelling in self._spellings):
            return Mention.NONE
        return Mention.TEXT if subject is None and self._stands_in(payload) else Mention.UNSURE

    def mention_in(self, raw: bytes) -> Mention:
        """The same for bytes of no known form, where the id may also be in base64: never OWN."""
        if not any(spelling in text for text in _layers(raw) for spelling in self._spellings):
            return Mention.NONE
        return Mention.TEXT if self._is_telling else Mention.UNSURE

    def _stands_in(self, payload: bytes) -> bool:
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return self._is_telling
        # Between NULs (UTF-16), or spelled in another way, there are no words to be looked for.
        is_plain = "\0" not in text and self.id.encode() in payload
        return bool(self._word.search(text)) if is_plain or not self._is_telling else True


def _subject(payload: bytes) -> str | None:
    """Whom an event says it is about; None where it is no event, or says nothing."""
    try:
        event = msgspec.json.decode(payload)
    except (ValueError, RecursionError):
        return None
    subject = event.get("subject") if isinstance(event, dict) else None
    return None if subject is None or isinstance(subject, dict | list) else str(subject)


def _spellings(customer_id: str) -> Iterator[bytes]:
    """The id as the encodings spell it that foreign producers are known to use."""
    yield customer_id.encode("utf-8", "surrogatepass")
    escaped = json.dumps(customer_id)[1:-1]  # with \\uXXXX for what is not ASCII
    yield escaped.encode()
    yield ESCAPE.sub(lambda found: f"\\u{found[1].upper()}", escaped).encode()
    for encoding in ("utf-16-le", "utf-16-be", "latin-1"):
        with suppress(UnicodeEncodeError):
            yield customer_id.encode(encoding)


def _layers(raw: bytes) -> Iterator[bytes]:
    yield raw
    for run in BASE64_RUN.findall(raw):
        for start in range(4):  # where it really starts, and how it was cut, is not known
            with suppress(binascii.Error):
                yield binascii.a2b_base64(run[start : start + (len(run) - start) // 4 * 4])
