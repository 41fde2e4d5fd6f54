"""Which column of a table says who churned, and which of its two values means that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from training.data.columns import Column
from training.errors import DatasetError
from training.wording import counted, listed, printable, quoted

LABEL_WORDS = ("churn", "churned", "label", "target", "exited", "attrition", "left", "cancelled", "canceled")
# How words begin that say a customer went, or did not.
GONE = ("churn", "attrit", "left", "leav", "exit", "gone", "cancel", "lost", "inactiv", "unsubscrib")
HERE = ("exist", "stay", "retain", "retention", "remain", "activ", "current", "renew", "kept", "loyal")
YES = ("yes", "y", "true", "t", "1")
NO = ("no", "n", "false", "f", "0", "-1")
NOT = ("no", "not", "non", "never")


def words_of(text: str) -> list[str]:
    """The words of a name or a value in lower case; `AttritionFlag` is two."""
    return re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", text).lower())


def guess_label(columns: Sequence[Column]) -> Column | None:
    """The two-valued column that is named like a label, best an exact one."""
    for exact in (True, False):
        for column in columns:
            words = words_of(column.name)
            named = " ".join(words) in LABEL_WORDS if exact else bool(set(words) & set(LABEL_WORDS))
            if named and len(column.texts) == 2:
                return column
    return None


def positive_value(label: Column, told: str | None, source: str) -> str:
    """The value that means churned: as told, else as the values themselves say.

    Raises DatasetError where they do not say it: a wrong guess would turn every score upside down.
    """
    where = f"{source}: label {printable(label.name)}"
    values = sorted(label.texts)
    if len(values) != 2:
        found = counted(len(values), "value", "different values")
        raise DatasetError(
            f"{where} holds {found} ({listed(values)}); expected exactly two, "
            "so name another with --label-column"
        )
    if told is not None:
        if told.strip() not in values:
            raise DatasetError(f"{where} holds {listed(values)}, not {quoted(told)}; mend --positive")
        return told.strip()
    churned = _churned_of(values[0], values[1], label.name)
    if churned is None:
        shown = " and ".join(quoted(value) for value in values)
        raise DatasetError(
            f"{where} holds {shown}, and it is not clear which means churned; say it with --positive VALUE"
        )
    return churned


def _churned_of(first: str, second: str, label_name: str) -> str | None:
    """The value that means churned; None where neither says it, or both do."""
    if _is_bare(first) and _is_bare(second):
        # "retained: yes" is not churned.
        stances = [None if _stance(label_name) is False else _bare(value) in YES for value in (first, second)]
    else:
        stances = [None if _is_bare(value) else _stance(value) for value in (first, second)]
    if stances[0] == stances[1]:
        return None
    return first if stances[0] or stances[1] is False else second


def _bare(value: str) -> str:
    return value.lower().removesuffix(".0").rstrip(".")


def _is_bare(value: str) -> bool:
    return _bare(value) in YES + NO


def _stance(text: str) -> bool | None:
    """Whether a text is about a customer who went (True) or still here (False); None for neither or both."""
    words = words_of(text)
    gone, here = (any(word.startswith(begins) for word in words) for begins in (GONE, HERE))
    return None if gone == here else gone != bool(set(words) & set(NOT))
