"""The models that compete, by name. All take the graph's own inputs and clean them themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec

from training.errors import CandidateError
from training.models.baselines import BASELINES
from training.models.boosting import BOOSTING
from training.models.columns import feature_of_column, thresholds
from training.models.encoding import Encoding
from training.models.kind import Kind, Model, Params
from training.models.linear import LINEAR
from training.models.neural import NEURAL
from training.models.pipeline import CATEGORIES, ENCODE, MODEL, NUMBERS
from training.models.trees import TREES
from training.models.vote import FAMILIES, VOTE, vote_among

__all__ = [  # with what one has to know of a fitted candidate
    "BASELINES",
    "CANDIDATES",
    "CATEGORIES",
    "DEFAULT_CANDIDATES",
    "ENCODE",
    "MODEL",
    "NUMBERS",
    "VOTE",
    "build",
    "feature_of_column",
    "select",
    "thresholds",
]

_SINGLE = {kind.name: kind for kind in (*LINEAR, *TREES, *BOOSTING, NEURAL)}
_CHOICE = {**_SINGLE, VOTE: vote_among(_SINGLE)}
CANDIDATES: Mapping[str, Kind] = {**{kind.name: kind for kind in BASELINES}, **_CHOICE}
# Those that need nothing installed, and can say why.
DEFAULT_CANDIDATES = tuple(name for name, kind in _CHOICE.items() if kind.gives_reasons and not kind.extra)


def select(names: Sequence[str]) -> tuple[Kind, ...]:
    """The candidates of these names, each once, in the order given.

    Raises CandidateError where there is none, one is not known, is a baseline (these are always compared),
    needs an optional library that is not installed, or votes without a linear and a tree candidate.
    """
    kinds = tuple(_known(name) for name in dict.fromkeys(names))
    if not kinds:
        raise CandidateError(f"no candidate was named; choose from {', '.join(_CHOICE)}")
    missing = [family for family in FAMILIES if family not in {kind.family for kind in kinds}]
    if _CHOICE[VOTE] in kinds and missing:
        some = ", ".join(name for name, kind in _CHOICE.items() if kind.family == missing[0])
        raise CandidateError(
            f"candidate {VOTE!r} needs a linear and a tree candidate to vote, and no {missing[0]} one was "
            f"named; add one of {some}"
        )
    return kinds


def build(name: str, encoding: Encoding, params: Params | None = None, seed: int = 0) -> Model:
    """An unfitted candidate, by default with its default params. Raises CandidateError as `select` does."""
    kind = CANDIDATES[name] if name in CANDIDATES else _known(name)
    _check_installed(kind)
    return kind.build(encoding, params or {}, seed)


def _known(name: str) -> Kind:
    if name not in _CHOICE:
        what = "a baseline, which is always compared" if name in CANDIDATES else "not known"
        raise CandidateError(f"candidate {name!r}: {what}; choose from {', '.join(_CHOICE)}")
    _check_installed(_CHOICE[name])
    return _CHOICE[name]


def _check_installed(kind: Kind) -> None:
    if kind.extra and find_spec(kind.name) is None:
        raise CandidateError(
            f"candidate {kind.name!r}: {kind.title} is not installed; "
            f"pip install 'churn-stream[{kind.extra}]'"
        )
