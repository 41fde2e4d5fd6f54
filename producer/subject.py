"""Whom an event is about, read without judging the rest."""

from __future__ import annotations

import msgspec


class _About(msgspec.Struct, frozen=True):
    subject: str


_decode = msgspec.json.Decoder(_About).decode


def subject_of(payload: bytes) -> str:
    """The CloudEvents subject, which is the partition key. Raises ValueError where there is none."""
    try:
        return _decode(payload).subject
    except (ValueError, RecursionError) as error:
        raise ValueError('event: expected a JSON object with a text "subject", the customer id') from error
