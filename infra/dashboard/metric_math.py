"""CloudWatch metric math evaluated here, for endpoints that have none.

Source: CloudWatch user guide, "Using math expressions with CloudWatch metrics". A value is a number, a time
series or several series. Between series, only times that both have give a value; what is no number (a
division by zero, the logarithm of a negative) gives none.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from infra.dashboard import math_functions
from infra.dashboard.errors import MathError, UnsupportedMathError
from infra.dashboard.expression import Binary, Call, Name, Negative, Node, Number, Text, parse
from infra.dashboard.series import Many, Series, Value, Window, combine

Binding: TypeAlias = Callable[[float, float], float]

OPERATORS: Mapping[str, Binding] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": math.pow,
    "==": lambda left, right: float(left == right),
    "!=": lambda left, right: float(left != right),
    "<": lambda left, right: float(left < right),
    "<=": lambda left, right: float(left <= right),
    ">": lambda left, right: float(left > right),
    ">=": lambda left, right: float(left >= right),
    "AND": lambda left, right: float(bool(left) and bool(right)),
    "OR": lambda left, right: float(bool(left) or bool(right)),
}


@dataclass(frozen=True)
class Evaluator:
    """Evaluates expressions of one widget over one window of time.

    `metrics` are the widget's metrics by id, in its order; `expressions` the texts of its expressions by id,
    which may use each other.
    """

    window: Window
    metrics: Mapping[str, Series]
    expressions: Mapping[str, str]

    def evaluate(self, expression: str) -> Many:
        """The series of an expression; a number becomes one series with that value at every time.

        Raises MathError, in one line, where the expression is none or is not supported.
        """
        value = self._value(parse(expression), ())
        if isinstance(value, float):
            return (math_functions.constant(value, self.window),)
        return value if isinstance(value, tuple) else (value,)

    def _value(self, node: Node, open_ids: tuple[str, ...]) -> Value:
        match node:
            case Number(value):
                return value
            case Name(name):
                return self._named(name, open_ids)
            case Negative(of):
                return combine(operator.sub, 0.0, self._value(of, open_ids))
            case Binary(sign, left, right):
                return combine(OPERATORS[sign], self._value(left, open_ids), self._value(right, open_ids))
            case Call("METRICS", arguments):
                return self._metrics(arguments)
            case Call(function, arguments):
                return self._called(function, arguments, open_ids)
        raise MathError(f"a text can only be an argument of a function: {node}")

    def _named(self, name: str, open_ids: tuple[str, ...]) -> Value:
        if name in self.metrics:
            return self.metrics[name]
        if name not in self.expressions:
            known = ", ".join([*self.metrics, *self.expressions]) or "none"
            raise MathError(f"nothing here has the id `{name}`; there is {known}")
        if name in open_ids:
            raise MathError(f"the expression `{name}` uses itself")
        return self._value(parse(self.expressions[name]), (*open_ids, name))

    def _metrics(self, arguments: tuple[Node, ...]) -> Many:
        match arguments:
            case ():
                part = ""
            case (Text(part),):
                pass
            case _:
                raise MathError("METRICS takes nothing, or one text that ids contain")
        return tuple(series for name, series in self.metrics.items() if part in name)

    def _called(self, function: str, arguments: tuple[Node, ...], open_ids: tuple[str, ...]) -> Value:
        found = math_functions.FUNCTIONS.get(function)
        if found is None:
            raise UnsupportedMathError(
                f"{function} is not supported here; supported are {', '.join(supported())}"
            )
        least, most, call = found
        if not least <= len(arguments) <= most:
            wanted = f"{least}" if least == most else f"{least} to {most}"
            raise MathError(f"{function} takes {wanted} arguments, not {len(arguments)}")
        words = math_functions.WORDS.get(function, frozenset())
        values = [
            each.value if isinstance(each, Name) and each.value in words else self._value(each, open_ids)
            for each in arguments
        ]
        return call(self.window, *values)


def supported() -> list[str]:
    """The names of all functions that are evaluated here."""
    return sorted([*math_functions.FUNCTIONS, "METRICS"])
