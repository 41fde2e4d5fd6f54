"""Coverage-guided fuzzing by Atheris: what reaches new branches of contract/ or scorer/ is changed further.

`python -m tests.fuzz.guided -runs=200000`; options are libFuzzer's, and a file instead runs that input alone.
`make fuzz` adds it where `pip install -e '.[fuzz]'` has been run (Linux on x86_64).
"""

from __future__ import annotations

import base64
import sys

import atheris

from infra.paths import BUILD

with atheris.instrument_imports(include=["contract", "scorer"]):
    from scorer.aggregation import split
    from tests.fuzz.cases import DECODE, HANDLE, Case, check, make_case
    from tests.kpl import field, sealed, sub_record
    from tests.scorer.second_split import split_as_google

KEPT = BUILD / "fuzz"
SEEDS = 300  # of mutated events and batches, to begin with


def check_input(data: bytes) -> None:
    """The first byte says what the others are. Raises for whatever is wrong."""
    kind, rest = data[:1], data[1:]
    if kind == b"k":
        assert split(sealed(rest)) == split_as_google(sealed(rest))
    elif kind == b"d":
        check(Case(DECODE, [base64.b64encode(rest).decode()]))
    else:
        check(Case(HANDLE, rest.decode(errors="replace").split("\n")))


def seeds() -> list[bytes]:
    """Inputs of every kind."""
    decode = [base64.b64decode(make_case(DECODE, 0, n * 3).texts[0]) for n in range(SEEDS)]
    handle = ["\n".join(make_case(HANDLE, 0, n).texts[:5]) for n in range(SEEDS)]
    message = (
        field(1, b"key") + field(2, b"1") + sub_record(b"x", hash_key=0) + sub_record(b"y") + b"\x23\x24"
    )
    return [
        b"k" + message,
        *(b"d" + payload for payload in decode),
        *(b"h" + text.encode(errors="replace") for text in handle),
    ]


def main() -> None:
    """Fuzz until `-runs` are done or something is wrong; never returns."""
    corpus = KEPT / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number:04d}").write_bytes(seed)
    files = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    limits = ["-max_len=8192", "-timeout=20", f"-artifact_prefix={KEPT}/"]
    atheris.Setup([*sys.argv, *limits, *([] if files else [str(corpus)])], check_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
