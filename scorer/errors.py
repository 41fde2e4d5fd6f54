"""What can go wrong in the scorer, apart from bytes that cannot be scored (those are values)."""


class ScorerError(Exception):
    """Base of every error of this package; the message is one line a person can act on."""


class SettingsError(ScorerError):
    """A setting of the function is missing or unusable."""


class CredentialsError(ScorerError):
    """Nothing to sign requests with."""


class NoAnswerError(ScorerError):
    """A request to AWS got no whole answer in time; whether it took effect is not known."""


class RefusedWriteError(ScorerError):
    """DynamoDB refused a write for a reason that stays: a missing table, a permission, an invalid item."""


class StorageError(ScorerError):
    """S3 refused or did not answer."""


class ObjectMissingError(StorageError):
    """There is no such object."""


class UnreadableObjectError(StorageError):
    """An object holds something else than what belongs there."""


class ModelError(ScorerError):
    """A model that does not fit its manifest or this scorer, or that gave something that is not a score."""


class NoUsableModelError(ScorerError):
    """Nothing can be scored; raised so that the event source keeps the records."""


class TemporaryWriteError(ScorerError):
    """DynamoDB throttled, failed or did not answer; the same write may succeed later."""


class StillArrivingError(ScorerError):
    """A customer's events are stored as fast as they are erased."""
