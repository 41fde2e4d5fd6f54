"""One way to model churn, as data: how to build it, what to try, how simple it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline

from training.models.encoding import Encoding

Params: TypeAlias = Mapping[str, Any]  # JSON values: they travel in the manifest
Model: TypeAlias = Pipeline | VotingClassifier
Family = str


@dataclass(frozen=True, slots=True)
class Kind:
    """A candidate before anything is fitted.

    `build(encoding, params, seed)` gives an unfitted model that takes `to_frame` and labels 0 and 1: a
    Pipeline of an encoder and a classifier, a VotingClassifier of two of those, or for a baseline any
    classifier. What `params` leaves out is as in the default. `search` holds the settings that are tried,
    the default first. Of candidates that cannot be told apart, the one of lowest `complexity` wins.
    """

    name: str
    title: str
    complexity: int
    build: Callable[[Encoding, Params, int], Model]
    search: tuple[Params, ...] = ({},)
    family: Family = "linear"  # linear, tree or other: what a vote is made of
    gives_reasons: bool = True
    baseline: bool = False  # shown for comparison, never chosen
    effort: float = 1.0  # of one fit, relative to logistic regression: for progress and the budget
    extra: str = ""  # the optional dependency group that brings it
