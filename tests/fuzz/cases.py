"""One case of fuzzing: made from a number, checked, made smaller, kept in a file and read again."""

from __future__ import annotations

import base64
import functools
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field

from contract.schema import FeatureSchema, load_schema
from tests.contract.rows import MUSIC_ROW, TELCO_ROW
from tests.fuzz.decoding import Decoding
from tests.fuzz.events import FEW_CUSTOMERS, Mutator
from tests.fuzz.handling import Handling
from tests.scorer.batches import NOW_MS, ROW
from tests.scorer.graphs import SCHEMA

DECODE, HANDLE = "decode", "handle"
BATCH_SIZES = (1, 10, 100, 100, 100)
MAX_ATTEMPTS = 300  # at making a case smaller
_ROWS = {"tiny": ROW, "telco": TELCO_ROW, "music": MUSIC_ROW}


@dataclass(frozen=True)
class Case:
    """What one check takes: the `data` texts of a batch, or for `decode` the base64 of one payload."""

    target: str
    texts: Sequence[str]
    schema: str = "tiny"
    throttled: str = ""

    def document(self) -> str:
        """As JSON, for a file."""
        return json.dumps(asdict(self), indent=1) + "\n"


@dataclass
class Report:
    """What came of some cases. `findings` holds each failed case as small as it could be made, and why."""

    cases: int = 0
    events: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    findings: list[tuple[Case, str]] = field(default_factory=list)

    def add(self, other: Report) -> None:
        """Count the other's as well."""
        self.cases += other.cases
        self.events += other.events
        self.counts.update(other.counts)
        self.findings += other.findings


Check = Callable[[Case], Counter[str]]


def read_case(text: str) -> Case:
    """The inverse of `Case.document`."""
    return Case(**json.loads(text))


def make_case(target: str, seed: int, number: int) -> Case:
    """The case of a number: always the same."""
    chance = random.Random(f"{target}:{seed}:{number}")
    if target == HANDLE:
        texts = [_mutator("tiny").data_text(chance) for _ in range(chance.choice(BATCH_SIZES))]
        return Case(HANDLE, texts, throttled=chance.choice(FEW_CUSTOMERS) if chance.random() < 0.2 else "")
    schema = tuple(_ROWS)[number % len(_ROWS)]
    return Case(DECODE, [base64.b64encode(_mutator(schema).payload(chance)).decode()], schema)


def check(case: Case) -> Counter[str]:
    """What came of a case's events. Raises AssertionError for what is wrong, and whatever the code raises."""
    if case.target == HANDLE:
        return _handling().check(case.texts, case.throttled)
    return _decoding(case.schema).check(base64.b64decode(case.texts[0]))


def run_cases(target: str, seed: int, numbers: range, check: Check = check) -> Report:
    """Make and check some cases."""
    report = Report()
    for number in numbers:
        case = make_case(target, seed, number)
        report.cases += 1
        try:
            found = check(case)
        except Exception as error:  # whatever it is, it is what we are looking for
            report.findings.append((smaller(case, check), f"case {number}: {told(error)}"))
            continue
        report.counts.update(found)
        report.events += sum(n for end, n in found.items() if not end.startswith("differs"))
    return report


def told(error: Exception) -> str:
    """An error on one line."""
    return f"{type(error).__name__}: {ascii(str(error))[1:-1]}"


def smaller(case: Case, check: Check) -> Case:
    """The same failure with fewer records, as far as leaving some out keeps it."""
    attempts = 0
    step = len(case.texts)
    while step > 1:
        step = (step + 1) // 2
        for start in reversed(range(0, len(case.texts), step)):
            texts = [*case.texts[:start], *case.texts[start + step :]]
            attempts += 1
            candidate = Case(case.target, texts, case.schema, case.throttled)
            if texts and attempts < MAX_ATTEMPTS and _fails(candidate, check):
                case = candidate
    return case


def _fails(case: Case, check: Check) -> bool:
    try:
        check(case)
    except Exception:
        return True
    return False


@functools.cache
def _handling() -> Handling:
    return Handling()


@functools.cache
def _decoding(schema: str) -> Decoding:
    return Decoding(_schema(schema), NOW_MS)


@functools.cache
def _mutator(schema: str) -> Mutator:
    return Mutator(_schema(schema), _ROWS[schema], NOW_MS)


def _schema(name: str) -> FeatureSchema:
    return SCHEMA if name == SCHEMA.name else load_schema(name)


def chunks(count: int, size: int) -> Iterator[range]:
    """Case numbers in ranges of at most `size`."""
    return (range(start, min(start + size, count)) for start in range(0, count, size))
