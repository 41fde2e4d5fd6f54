"""Metric math gives what CloudWatch's user guide says, and nothing but a line for what it cannot."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.dashboard.errors import MathError
from infra.dashboard.expression import MAX_LENGTH, STRENGTH, Binary, Name, Negative, Node, Number, parse
from infra.dashboard.metric_math import Evaluator, supported
from infra.dashboard.series import Series, Window

WINDOW = Window(start=0, end=300, period=60)
METRICS: dict[str, Series] = {
    "written": {0: 8.0, 60: 4.0, 180: 2.0},
    "rejected": {0: 2.0, 60: 0.0, 120: 5.0, 180: 2.0},
    "never": {},
}
EXPRESSIONS = {"both": "written + rejected", "twice": "2 * both", "me": "you", "you": "me + 1"}


def one(expression: str) -> Series:
    (series,) = Evaluator(WINDOW, METRICS, EXPRESSIONS).evaluate(expression)
    return series


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("written", {0: 8, 60: 4, 180: 2}),
        ("written - rejected", {0: 6, 60: 4, 180: 0}),
        ("100 * rejected / (written + rejected)", {0: 20, 60: 0, 180: 50}),
        ("written / rejected", {0: 4, 180: 1}),  # nothing where it is divided by zero
        ("-written ^ 2 + 1", {0: -63, 60: -15, 180: -3}),
        ("twice", {0: 20, 60: 8, 180: 8}),
        ("SUM(METRICS())", {0: 10, 60: 4, 120: 5, 180: 4}),
        ("MAX(METRICS('writ'))", {0: 8, 60: 4, 180: 2}),
        ("written / SUM(written)", {0: 8 / 14, 60: 4 / 14, 180: 2 / 14}),
        ("AVG(METRICS('e')) + 0 * written", {0: 5, 60: 2, 180: 2}),
        ("MIN(written) + 0 * written", {0: 2, 60: 2, 180: 2}),
        ("RATE(written)", {60: -4 / 60, 180: -2 / 120}),
        ("DIFF(written)", {60: -4, 180: -2}),
        ("RUNNING_SUM(written)", {0: 8, 60: 12, 180: 14}),
        ("rejected / PERIOD(rejected)", {0: 2 / 60, 60: 0, 120: 5 / 60, 180: 2 / 60}),
        ("FILL(written, 0)", {0: 8, 60: 4, 120: 0, 180: 2, 240: 0}),
        ("FILL(written, REPEAT)", {0: 8, 60: 4, 120: 4, 180: 2, 240: 2}),
        ("FILL(written, LINEAR)", {0: 8, 60: 4, 120: 3, 180: 2}),
        ("FILL(written, rejected)", {0: 8, 60: 4, 120: 5, 180: 2}),
        ("FILL(never, 0)", dict.fromkeys(WINDOW.times, 0)),
        ("IF(rejected > 1 AND written < 8, written, -1)", {0: -1, 60: -1, 180: 2}),
        ("IF(rejected > 1, rejected)", {0: 2, 120: 5, 180: 2}),
        ("IF(SUM(rejected) == 9, written, rejected)", {0: 8, 60: 4, 180: 2}),
        ("rejected >= 2 || written == 4", {0: 1, 60: 1, 180: 1}),
        ("CEIL(written / 3) - FLOOR(written / 3)", {0: 1, 60: 1, 180: 1}),
        ("LOG10(rejected * 5)", {0: 1, 120: math.log10(25), 180: 1}),
        ("ABS(rejected - written)", {0: 6, 60: 4, 180: 0}),
        ("FIRST(written) - LAST(written)", dict.fromkeys(WINDOW.times, 6)),
        ("DATAPOINT_COUNT(written) + METRIC_COUNT(METRICS())", dict.fromkeys(WINDOW.times, 6)),
        ("STDDEV(written) / STDDEV(written)", dict.fromkeys(WINDOW.times, 1)),
        ("TIME_SERIES(3)", dict.fromkeys(WINDOW.times, 3)),
        ("SUM(never)", {}),
    ],
)
def test_expressions_give_what_the_user_guide_says(expression: str, expected: Series) -> None:
    """Each operator and function, between series only at times that both have."""
    assert one(expression) == pytest.approx(expected)


def test_several_series_stay_several() -> None:
    """Arithmetic and functions of one series apply to each; an empty one can be taken out."""
    evaluator = Evaluator(WINDOW, METRICS, EXPRESSIONS)
    assert [len(series) for series in evaluator.evaluate("METRICS() * 2")] == [3, 4, 0]
    assert [len(series) for series in evaluator.evaluate("FILL(METRICS(), 0)")] == [5, 5, 5]
    assert [len(series) for series in evaluator.evaluate("REMOVE_EMPTY(METRICS())")] == [3, 4]


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("SEARCH('{A} b', 'Sum', 60)", "SEARCH is not supported here; supported are ABS"),
        ("__import__('os')", "'_' is no part of metric math"),
        ("().__class__", "'.' is no part of metric math"),
        ("()", "expected a value, found `)`"),
        ("written +", "expected a value, found the end"),
        ("written rejected", "expected an operator, found `rejected`"),
        ("(written", "expected `)`, found the end"),
        ("writen", "nothing here has the id `writen`; there is written, rejected, never"),
        ("me", "uses itself"),
        ("'text' + 1", "a text can only be an argument"),
        ("IF(written)", "IF takes 2 to 3 arguments, not 1"),
        ("SUM(1)", "SUM needs a time series"),
        ("METRICS() + METRICS()", "there is no arithmetic"),
        ("(" * 200 + "1", "nested more than"),
        ("1+" * MAX_LENGTH, "CloudWatch allows 2048"),
    ],
)
def test_what_is_not_supported_is_said_in_one_line(expression: str, says: str) -> None:
    """With what was found and what is there."""
    with pytest.raises(MathError) as raised:
        one(expression)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_python_is_never_run() -> None:
    """Names of Python are ids that are not there, not objects."""
    for expression in ("print", "eval(1)", "exec('1')", "lambda", "written.keys()"):
        with pytest.raises(MathError):
            one(expression)


@given(st.text(alphabet="mwritenjcd()+-*/^<>=&|,.'\"0123456789 SUMAVGIFLRE\n_$[]{}@;:", max_size=60))
def test_any_text_gives_series_or_a_line(text: str) -> None:
    """No other exception, no value that is not a number."""
    try:
        found = Evaluator(WINDOW, METRICS, EXPRESSIONS).evaluate(text)
    except MathError:
        return
    assert all(math.isfinite(value) for series in found for value in series.values())


LEAVES = st.integers(0, 9).map(lambda n: Number(float(n))) | st.sampled_from(["written", "rejected"]).map(
    Name
)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(Negative, inner) | st.builds(Binary, st.sampled_from(sorted(STRENGTH)), inner, inner)
    ),
    max_leaves=12,
)


def written_out(node: Node) -> str:
    """With all parentheses, so that the text says exactly the tree."""
    match node:
        case Binary(operator, left, right):
            return f"({written_out(left)} {operator} {written_out(right)})"
        case Negative(of):
            return f"(-{written_out(of)})"
        case Number(value):
            return f"{value:g}"
        case Name(name):
            return name
    raise AssertionError(node)


@given(TREES)
def test_parsing_undoes_writing(tree: Node) -> None:
    """What is written out with parentheses is read as the same tree."""
    assert parse(written_out(tree)) == tree


@given(st.lists(st.sampled_from(["+", "-", "*", "/", "^"]), min_size=1, max_size=6), st.data())
def test_operators_bind_as_in_arithmetic(operators: list[str], data: st.DataObject) -> None:
    """Without parentheses an expression of numbers has Python's value, the sign in front included."""
    # As Python's floats, whose powers overflow at once where those of its integers would fill the memory.
    numbers = [float(data.draw(st.integers(1, 4))) for _ in range(len(operators) + 1)]
    text = f"{data.draw(st.sampled_from(['', '-']))}{numbers[0]}"
    for operator, number in zip(operators, numbers[1:], strict=True):
        text += f" {operator} {number}"
    try:
        expected = float(eval(text.replace("^", "**")))  # noqa: S307  # numbers and signs made above
    except OverflowError:
        return
    series = one(text)
    assert series == pytest.approx(dict.fromkeys(WINDOW.times, expected))


def test_what_is_supported_is_at_least_what_the_guide_promises() -> None:
    """docs/dashboard.md names them."""
    assert {"METRICS", "SUM", "AVG", "MIN", "MAX", "RATE", "FILL", "IF"} <= set(supported())
