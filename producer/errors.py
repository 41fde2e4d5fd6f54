"""What can stop a producer. Every message is one line: what was found, what was expected, what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contract.rejection import Rejected
    from producer.kinesis import Refused


class ProducerError(Exception):
    """Base of every error of this package."""


class SourceError(ProducerError):
    """Input that cannot be read at all: no such file, no header, a column that is not there."""


class RejectsFileError(ProducerError):
    """The file for rows that were not sent cannot be written."""


class UnknownGeneratorError(ProducerError):
    """A schema that has no synthetic customers."""


class InvalidEventError(ProducerError):
    """An event that the scorer would reject. `rejected` names the field; nothing was sent."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(f"event not sent: {rejected.reason}")
        self.rejected = rejected


class NotPublishedError(ProducerError):
    """Events that the stream did not take. `refused` holds them, bytes included, so that none is lost."""

    def __init__(self, message: str, refused: Sequence[Refused] = ()) -> None:
        super().__init__(message)
        self.refused = tuple(refused)
