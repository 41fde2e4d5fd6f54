"""Whose an event is: told by key and subject, by its text where it says nothing, and never by chance."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scorer.erasure.mention import Customer, Mention
from tests.scorer.batches import event

ID = "7590-VHVEG"
OWN, TEXT, UNSURE, NONE = Mention.OWN, Mention.TEXT, Mention.UNSURE, Mention.NONE


@pytest.mark.parametrize(
    ("customer", "key", "payload", "expected"),
    [
        (ID, ID, b"\xff\x00 anything", OWN),
        (ID, "key", event(ID), OWN),
        (ID, "key", event("7590"), NONE),
        (ID, "key", b'{"subject":"\\u0037590-VHVEG"}', OWN),
        ("42", "key", b'{"subject": 42}', OWN),
        (ID, "key", b'{"subject": "7590-VHVEG', TEXT),
        (ID, "key", b"7590-VHVEG,Female,1\n", TEXT),
        (ID, "key", b'{"data": {"customerID": "7590-VHVEG"}}', TEXT),
        (ID, "key", f'{{"subject": "{ID}'.encode("utf-16"), TEXT),
        (ID, "key", b"\xf3\x89\x9a\xc2\x0a\x0a7590-VHVEG\xff", TEXT),
        ("Müller-9", "key", '{"subject": "Müller-9'.encode("latin-1"), TEXT),
        ("Müller-9", "key", b'{"subject": "M\\u00FCller-9', TEXT),
        (ID, "key", event("other", charges=ID), UNSURE),
        (ID, "key", b"17590-VHVEG,Female", UNSURE),
        ("42", "key", b'{"tenure": 42, "subject', UNSURE),
        ("42", "key", b'{"subject": "42"', TEXT),
        ("1000234", "key", b'{"revenue": 1000234, "subject', UNSURE),
        ("1000234", "key", b'{"subject": "1000234"', TEXT),
        ("42", "key", b"\xff42", UNSURE),
        (ID, "key", b"\xff\x00", NONE),
        (ID, "key", b"[" * 5000, NONE),
    ],
)
def test_whose_a_record_is(customer: str, key: str, payload: bytes, expected: Mention) -> None:
    """Key or subject: theirs. No subject, the id as a word: theirs by text. Chance or another's: unsure."""
    assert Customer(customer).mention(key, payload) is expected


@settings(max_examples=40)
@given(st.text(min_size=1), st.text(), st.binary())
def test_no_bytes_are_too_odd(customer: str, key: str, payload: bytes) -> None:
    """Whatever the id, the key and the payload, there is an answer."""
    sought = Customer(customer)
    assert sought.mention(key, payload) in Mention
    assert sought.mention_in(payload) is not OWN


@settings(max_examples=40)
@given(st.text(st.characters(codec="utf-8"), min_size=1))
def test_an_event_is_always_its_subjects(customer: str) -> None:
    """However JSON spells the id."""
    for spelled in (json.dumps({"subject": customer}), json.dumps({"subject": customer}, ensure_ascii=False)):
        assert Customer(customer).mention("key", spelled.encode()) is OWN


@pytest.mark.parametrize("cut", ["", "e", "ey", "eyJ"])
@pytest.mark.parametrize("before", ["", "a", "ab"])
def test_an_id_in_base64_of_unknown_bytes_is_found(before: str, cut: str) -> None:
    """At each of the three places where base64 may cut it, and wherever the base64 itself was cut."""
    raw = cut.encode() + b64encode(f"{before}{ID} and more".encode()) + b'", oops'
    assert Customer(ID).mention_in(raw) is TEXT
    assert Customer("7590-QPYBK").mention_in(raw) is NONE
