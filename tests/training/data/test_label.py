"""Which value means churned: what the values say, and never a guess."""

from __future__ import annotations

import pytest

from training.data.columns import Column
from training.data.label import positive_value
from training.errors import DatasetError


def label(*values: str, name: str = "status") -> Column:
    return Column(name, rows=10, texts=set(values))


@pytest.mark.parametrize(
    ("churned", "stayed"),
    [
        ("Attrited Customer", "Existing Customer"),
        ("yes", "no"),
        ("Y", "N"),
        ("TRUE", "FALSE"),
        ("True.", "False."),
        ("1", "0"),
        ("1.0", "0.0"),
        ("1", "-1"),
        ("Churned", "Not churned"),
        ("churn", "no churn"),
        ("Not retained", "Retained"),
        ("No longer active", "Active"),
        ("Inactive", "Active"),
        ("gone", "a customer"),
        ("Other", "Current"),
        ("left us", "stayed"),
        ("churned", "exit cancelled: stays"),
        ("Cancelled", "Kept"),
    ],
)
def test_the_values_say_which_means_churned(churned: str, stayed: str) -> None:
    """By their words, not by the alphabet; one telling value is enough."""
    assert positive_value(label(churned, stayed), None, "x.csv") == churned


@pytest.mark.parametrize(
    ("values", "name"),
    [
        (("A", "B"), "churn"),
        (("left", "gone"), "churn"),
        (("active", "current"), "churn"),
        (("1", "2"), "churn"),
        (("0", "5"), "churn"),
        (("yes", "maybe"), "churn"),
        (("yes", "no"), "retained"),
        (("1", "0"), "is_active"),
        (("1", "0"), "NotChurned"),
    ],
)
def test_what_is_not_clear_is_asked_for(values: tuple[str, str], name: str) -> None:
    """None or both telling, or a name that turns yes around: one line with the option, and no guess."""
    with pytest.raises(DatasetError, match="not clear which means churned; say it with --positive VALUE"):
        positive_value(label(*values, name=name), None, "x.csv")


def test_what_is_told_is_taken() -> None:
    """--positive decides, even against the words; but it must be one of the two values."""
    assert positive_value(label("A", "B"), "A", "x.csv") == "A"
    assert positive_value(label("yes", "no"), " no ", "x.csv") == "no"
    with pytest.raises(DatasetError, match="holds A, B, not 'C'; mend --positive"):
        positive_value(label("A", "B"), "C", "x.csv")


@pytest.mark.parametrize(("values", "found"), [(("no",), "1 value"), (("a", "b", "c"), "3 different values")])
def test_a_label_has_two_values(values: tuple[str, ...], found: str) -> None:
    """One or three is another kind of column."""
    with pytest.raises(DatasetError, match=rf"label status holds {found} \(.*expected exactly two"):
        positive_value(label(*values), None, "x.csv")
