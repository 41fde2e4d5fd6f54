"""What can stop training or a promotion. Every message is one line a person can act on."""

from __future__ import annotations

from collections.abc import Sequence


class TrainingError(Exception):
    """Base of every error of this package."""


class DatasetError(TrainingError):
    """A table that cannot be trained on."""


class QualityError(TrainingError):
    """A table that looks wrong, where `strict` was asked for. `messages` has a line per finding."""

    def __init__(self, source: str, messages: Sequence[str]) -> None:
        self.messages = tuple(messages)
        found = "1 finding" if len(messages) == 1 else f"{len(messages)} findings"
        super().__init__(f"{source}: {found} under --strict; correct the table, or leave --strict out")


class CandidateError(TrainingError):
    """A candidate that does not exist, cannot be built as asked, or of which none is eligible."""


class ThresholdError(TrainingError):
    """A rule for the operating threshold that makes no sense."""


class GraphError(TrainingError):
    """A graph that cannot be opened or run, or that takes or gives other than the contract says."""


class ExportError(TrainingError):
    """A fitted candidate that cannot become a graph, or whose graph cannot give reasons."""


class ParityError(TrainingError):
    """The exported graph does not give what the fitted pipeline gives; nothing may be published."""


class TrackingError(TrainingError):
    """The experiment tracker is missing, or did not take the runs; the trained model is none the worse."""


class RegistryError(TrainingError):
    """The registry cannot do what was asked: an unknown version, a damaged one, or a refusal by S3."""


class VersionExists(RegistryError):  # noqa: N818 - reads as what happened, as in FileExistsError's family
    """Another model is already published under this version; versions are immutable."""


class PromotionConflict(RegistryError):  # noqa: N818
    """Somebody else changed the champion since it was looked at, and theirs stands."""
