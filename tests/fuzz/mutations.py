"""What can go wrong with an event: its parts, its text, its bytes, and the base64 around it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from contract.event import MAX_EVENT_BYTES
from tests.fuzz.tokens import ODD_BYTES, ODD_VALUES
from tests.kpl import field, sub_record

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+.\w]+|\s+|.', re.DOTALL)

Pairs = list[tuple[str, str]]  # the JSON text of a name, and of its value


# Changes to the parts of an object. Each leaves it alone where it is empty.


def _odd_value(chance: random.Random, pairs: Pairs) -> None:
    if pairs:
        place = chance.randrange(len(pairs))
        pairs[place] = (pairs[place][0], chance.choice(ODD_VALUES))


def _swap_values(chance: random.Random, pairs: Pairs) -> None:
    if pairs:
        one, other = chance.randrange(len(pairs)), chance.randrange(len(pairs))
        (n1, v1), (n2, v2) = pairs[one], pairs[other]
        pairs[one], pairs[other] = (n1, v2), (n2, v1)


def _drop(chance: random.Random, pairs: Pairs) -> None:
    if pairs:
        del pairs[chance.randrange(len(pairs))]


def _repeat(chance: random.Random, pairs: Pairs) -> None:
    if pairs:
        name, value = chance.choice(pairs)
        pairs.insert(
            chance.randrange(len(pairs) + 1), (name, chance.choice((value, chance.choice(ODD_VALUES))))
        )


def _add(chance: random.Random, pairs: Pairs) -> None:
    name = chance.choice(
        ('"x"', '""', '"data"', '"ID"', '"data_base64"', '"\\u0069d"', '"\\ud800"', '"é"', '"a\x00"')
    )
    pairs.insert(chance.randrange(len(pairs) + 1), (name, chance.choice(ODD_VALUES)))


def _rename(chance: random.Random, pairs: Pairs) -> None:
    if pairs:
        place = chance.randrange(len(pairs))
        name, value = pairs[place]
        odd = (name.upper(), name[:-1] + ' "', _escaped(name), name.strip('"'), '"x"')
        pairs[place] = (chance.choice(odd), value)


def _escaped(name: str) -> str:
    """The same name, its first character written as JSON allows."""
    return f'"\\u{ord(name[1]):04x}{name[2:]}' if len(name) > 1 and ord(name[1]) <= 0xFFFF else name


def _shuffle(chance: random.Random, pairs: Pairs) -> None:
    chance.shuffle(pairs)


PAIR_MUTATIONS: tuple[Callable[[random.Random, Pairs], None], ...] = (
    *(
        _odd_value,
        _odd_value,
        _odd_value,
        _odd_value,
        _swap_values,
        _drop,
        _repeat,
        _add,
        _add,
        _rename,
        _shuffle,
    ),
)


# Changes to the whole text.


def _tokens(chance: random.Random, payload: bytes) -> bytes:
    """Tokens dropped, doubled, exchanged or set apart by blanks."""
    tokens = TOKEN.findall(payload.decode(errors="replace"))
    for _ in range(chance.choice((1, 1, 2, 5))):
        place, other = chance.randrange(len(tokens)), chance.randrange(len(tokens))
        tokens[place] = chance.choice(
            ("", tokens[place] * 2, tokens[other], f" {tokens[place]}\r\n\t", chance.choice(ODD_VALUES))
        )
        tokens[place] = tokens[place] or " "
    return "".join(tokens).encode(errors="surrogatepass")


def _pad(chance: random.Random, payload: bytes) -> bytes:
    """Blanks up to the size limit, give or take a byte."""
    blanks = b" " * (MAX_EVENT_BYTES - len(payload) + chance.choice((-1, 0, 1)))
    return chance.choice((blanks + payload, payload + blanks))


def _fill(chance: random.Random, payload: bytes) -> bytes:
    """An attribute nobody asked for, as large as may be."""
    room = MAX_EVENT_BYTES - len(payload) - len(b'"x":"",') + chance.choice((-1, 0, 1))
    return payload.replace(b"{", b'{"x":"' + b"x" * room + b'",', 1)


def _encode(chance: random.Random, payload: bytes) -> bytes:
    text = payload.decode(errors="replace")
    return text.encode(chance.choice(("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-7")))


def _wrap(chance: random.Random, payload: bytes) -> bytes:
    odd = (
        (b"[", b"]"),
        (b'{"data":', b"}"),
        (b'"', b'"'),
        (b"", b"{}"),
        (b"", b"\n"),
        (b"", b","),
        (b"\n", b"\x00"),
    )
    before, after = chance.choice(odd)
    return before + payload + after


def _splice(chance: random.Random, payload: bytes) -> bytes:
    cut, other = chance.randrange(len(payload) + 1), chance.randrange(len(payload) + 1)
    return payload[:cut] + payload[other:]


def _garbage(chance: random.Random, payload: bytes) -> bytes:
    return chance.choice((b"", b"{}", b"null", b"[]", b'""', b"0", chance.randbytes(chance.randrange(64))))


TEXT_MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(_tokens, _tokens, _tokens, _tokens, _pad, _fill, _encode, _wrap, _splice, _splice, _garbage),
)


# Changes to single bytes, of an event or of anything else.


def _flip(chance: random.Random, payload: bytes) -> bytes:
    changed = bytearray(payload)
    if changed:
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _replace(chance: random.Random, payload: bytes) -> bytes:
    place = chance.randrange(len(payload) + 1)
    return payload[:place] + chance.choice(ODD_BYTES) + payload[place + 1 :]


def _insert(chance: random.Random, payload: bytes) -> bytes:
    place = chance.randrange(len(payload) + 1)
    return payload[:place] + chance.choice(ODD_BYTES) + payload[place:]


def _cut_out(chance: random.Random, payload: bytes) -> bytes:
    place = chance.randrange(len(payload) + 1)
    return payload[:place] + payload[place + chance.choice((1, 1, 2, 16)) :]


def _truncate(chance: random.Random, payload: bytes) -> bytes:
    return payload[: chance.randrange(len(payload) + 1)]


BYTE_MUTATIONS = (_flip, _flip, _replace, _insert, _insert, _cut_out, _truncate)

KPL_PARTS = (
    *(b"", field(1, b"other"), field(1, b"\xff"), sub_record(b""), sub_record(b"", key=9), field(3, b"")),
    *(sub_record(b"", hash_key=0), field(2, b"0"), field(9, b"x"), b"\x23\x24", b"\x1a", b"\x25" + bytes(4)),
)


def _drop_padding(chance: random.Random, text: str) -> str:
    return text.rstrip("=")


def _odd_character(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text) + 1)
    return (
        text[:place]
        + chance.choice(("\n", " ", "=", "-", "_", "é", "\ud800", "\x00", "A", "!"))
        + text[place:]
    )


def _cut_text(chance: random.Random, text: str) -> str:
    return text[: chance.randrange(len(text) + 1)]


def _loose_bits(chance: random.Random, text: str) -> str:
    """Bits set that no byte has: `YR==` for `YQ==`."""
    return re.sub(r"[AEIMQUYcgkosw048](?==)", chance.choice("BRh/"), text)


BASE64_MUTATIONS: tuple[Callable[[random.Random, str], str], ...] = (
    *(_drop_padding, _odd_character, _odd_character, _cut_text, _loose_bits),
)
