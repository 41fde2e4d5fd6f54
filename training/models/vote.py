"""The mean of a linear model's probability and a tree model's: they err on different customers."""

from __future__ import annotations

from collections.abc import Mapping

from sklearn.ensemble import VotingClassifier

from training.errors import CandidateError
from training.models.encoding import Encoding
from training.models.kind import Kind, Params

VOTE = "vote"
FAMILIES = ("linear", "tree")


def vote_among(members: Mapping[str, Kind]) -> Kind:
    """The vote as a candidate. Its params name a member of each family, and give the params of both.

    `{"linear": name, "linear_params": {…}, "tree": name, "tree_params": {…}}`; which they are, evaluation
    decides, so the search is empty.
    """

    def build(encoding: Encoding, params: Params, seed: int) -> VotingClassifier:
        voters = []
        for family in FAMILIES:
            kind = members.get(params.get(family, ""))
            if kind is None or kind.family != family:
                known = ", ".join(name for name, member in members.items() if member.family == family)
                raise CandidateError(
                    f"{VOTE}: its {family} member is {params.get(family)!r}, expected one of {known}"
                )
            voters.append((family, kind.build(encoding, params.get(f"{family}_params", {}), seed)))
        # flatten_transform=False is what skl2onnx can convert.
        return VotingClassifier(voters, voting="soft", flatten_transform=False)

    return Kind(
        VOTE, "Vote of the best linear model and the best tree", 6, build, (), family="other", effort=0
    )
