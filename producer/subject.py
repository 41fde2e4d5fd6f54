"""Whom an event is about: read without judging the rest, and judged without reading it."""

from __future__ import annotations

import msgspec

from contract.event import MAX_SUBJECT_CHARS
from contract.rejection import Rejected, Rejection


class _About(msgspec.Struct, frozen=True):
    subject: str


_decode = msgspec.json.Decoder(_About).decode


def subject_of(payload: bytes) -> str:
    """The CloudEvents subject, which is the partition key. Raises ValueError where there is none."""
    try:
        return _decode(payload).subject
    except (ValueError, RecursionError) as error:
        raise ValueError('event: expected a JSON object with a text "subject", the customer id') from error


def fault_of(customer_id: str, id_column: str) -> Rejected | None:
    """What is wrong with the id in a row, in the row's own words: it knows no `subject`."""
    if not customer_id:
        return Rejected(Rejection.MISSING, id_column, "empty, and it names the customer")
    if len(customer_id) > MAX_SUBJECT_CHARS:
        detail = f"{len(customer_id)} characters, at most {MAX_SUBJECT_CHARS} allowed"
        return Rejected(Rejection.OUT_OF_RANGE, id_column, detail)
    return None
