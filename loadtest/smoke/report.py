"""What a smoke test is given, and what it found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from loadtest.deployment import Deployment
from producer.publisher import Publisher
from scorer.champion import ModelStore


@dataclass(frozen=True)
class Stack:
    """What a smoke test needs of a deployment; `kinesis` has boto3's put_record."""

    deployment: Deployment
    publisher: Publisher
    kinesis: Any
    stream: str
    models: ModelStore


@dataclass
class Report:
    """What one run found. It passed where `failures` is empty; `left` says what could not be taken away."""

    model_version: str = ""
    published: int = 0
    put_to_readable_seconds: list[float] = field(default_factory=list)
    counted: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.failures

    def fail(self, line: str) -> None:
        """Add one thing that is wrong."""
        self.failures.append(line)
