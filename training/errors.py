"""What can stop training or a promotion. Every message is one line a person can act on."""


class TrainingError(Exception):
    """Base of every error of this package."""


class DatasetError(TrainingError):
    """A table that cannot be trained on."""


class CandidateError(TrainingError):
    """A candidate that does not exist."""


class GraphError(TrainingError):
    """A graph that cannot be opened or run, or that takes or gives other than the contract says."""


class ParityError(TrainingError):
    """The exported graph does not give what the fitted pipeline gives; nothing may be published."""


class RegistryError(TrainingError):
    """The registry cannot do what was asked: an unknown version, a damaged one, or a refusal by S3."""


class VersionExists(RegistryError):  # noqa: N818 - reads as what happened, as in FileExistsError's family
    """Another model is already published under this version; versions are immutable."""


class PromotionConflict(RegistryError):  # noqa: N818
    """Somebody else changed the champion since it was looked at, and theirs stands."""
