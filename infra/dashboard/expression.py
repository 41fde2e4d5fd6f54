"""CloudWatch metric math as text, read into a tree. Nothing is executed here, and Python never sees the text.

Syntax: CloudWatch user guide, "Using math expressions with CloudWatch metrics": numbers, texts, ids (a small
letter first), functions (capitals), + - * / ^, comparisons, AND OR && ||, parentheses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.dashboard.errors import MathError

MAX_LENGTH = 2048  # characters of an expression, a limit of GetMetricData
MAX_DEPTH = 60  # of parentheses and calls; far more than 2,048 characters sensibly hold

TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'[^']*'|"[^"]*")
      | (?P<name>[A-Za-z]\w*)
      | (?P<sign>==|!=|<=|>=|&&|\|\||[-+*/^<>(),])
    )""",
    re.VERBOSE | re.ASCII,
)
SAME = {"&&": "AND", "||": "OR"}
# How strongly operators bind, weakest first.
STRENGTH = {"OR": 1, "AND": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3}
STRENGTH |= {"+": 4, "-": 4, "*": 5, "/": 5, "^": 7}
OF_A_SIGN = 6  # -a^b is -(a^b), and -a*b is (-a)*b
FROM_THE_RIGHT = {"^"}


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A quoted text, an argument of a function."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """The id of a metric or of another expression, or a word such as REPEAT."""

    value: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negative:
    """A sign in front."""

    of: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands; the operator is one of STRENGTH."""

    operator: str
    left: Node
    right: Node


Node = Number | Text | Name | Call | Negative | Binary


def parse(expression: str) -> Node:
    """The tree of an expression. Raises MathError, in one line, for what is no metric math."""
    if len(expression) > MAX_LENGTH:
        raise MathError(f"the expression has {len(expression)} characters, CloudWatch allows {MAX_LENGTH}")
    parser = _Parser(_tokens(expression), expression)
    tree = parser.expression(0)
    parser.end()
    return tree


def _tokens(expression: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    place = 0
    text = expression.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise MathError(f"`{expression}`: {text[place:].strip()[:1]!r} is no part of metric math")
        kind = str(match.lastgroup)
        value = SAME.get(match[kind], match[kind])
        found.append(("sign" if value in STRENGTH else kind, value))
        place = match.end()
    return found


class _Parser:
    """Operator precedence by climbing: https://en.wikipedia.org/wiki/Operator-precedence_parser"""

    def __init__(self, tokens: list[tuple[str, str]], whole: str) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._whole = whole

    def expression(self, weakest: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise MathError(f"the expression is nested more than {MAX_DEPTH} deep")
        left = self._operand()
        while (operator := self._operator()) and STRENGTH[operator] > weakest:
            self._place += 1
            strength = STRENGTH[operator] - (operator in FROM_THE_RIGHT)
            left = Binary(operator, left, self.expression(strength))
        self._depth -= 1
        return left

    def end(self) -> None:
        if self._place < len(self._tokens):
            raise self._unexpected("an operator")

    def _operator(self) -> str:
        kind, value = self._peek()
        return value if kind == "sign" and value in STRENGTH else ""

    def _operand(self) -> Node:
        kind, value = self._peek()
        if kind == "end":
            raise self._unexpected("a value")
        self._place += 1
        if kind == "number":
            return Number(float(value))
        if kind == "text":
            return Text(value[1:-1])
        if kind == "name":
            return Call(value, self._arguments()) if self._peek()[1] == "(" else Name(value)
        if value == "(":
            inner = self.expression(0)
            self._expect(")")
            return inner
        if value == "-":
            return Negative(self.expression(OF_A_SIGN))
        self._place -= 1
        raise self._unexpected("a value")

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        found: list[Node] = []
        while self._peek()[1] != ")":
            if found:
                self._expect(",")
            found.append(self.expression(0))
        self._expect(")")
        return tuple(found)

    def _expect(self, sign: str) -> None:
        if self._peek() != ("sign", sign):
            raise self._unexpected(f"`{sign}`")
        self._place += 1

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("end", "")

    def _unexpected(self, expected: str) -> MathError:
        kind, value = self._peek()
        found = "the end" if kind == "end" else f"`{value}`"
        return MathError(f"`{self._whole}`: expected {expected}, found {found}")
