"""A message to those who subscribed: a model was kept, promoted or rolled back, and what they can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contract.manifest import Manifest

Event = Literal["kept", "promoted", "rolled_back"]

SUBJECT_CHARS = 100  # SNS takes at most 100, ASCII, on one line
HAPPENED: dict[Event, str] = {
    "kept": "kept as a candidate",
    "promoted": "serves now",
    "rolled_back": "serves again after a rollback",
}


class SnsClient(Protocol):
    """The one call made; botocore's client has it."""

    def publish(self, **request: Any) -> Any: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """What happened to a version, for people. `options` name the stage in the commands that are suggested.

    `serving` is the version that serves where this one was kept, else the one that served before.
    """

    event: Event
    manifest: Manifest
    stack: str
    reason: str
    by: str
    serving: str | None
    options: str = ""

    @property
    def subject(self) -> str:
        """Which stack, which model, what happened."""
        text = f"{self.stack}: model {self.manifest.version} {HAPPENED[self.event]}"
        return "".join(c if c.isascii() and c.isprintable() else "?" for c in text)[:SUBJECT_CHARS]

    @property
    def text(self) -> str:
        """Plain text for an e-mail or a chat."""
        parts = [[_what(self)], [f"Why: {self.reason}"], _figures(self.manifest), _next(self)]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _what(notice: Notice) -> str:
    manifest = notice.manifest
    other = notice.serving or "nothing"
    then = {
        "kept": f"It does not serve; {other} still does.",
        "promoted": f"It serves now; before it {other} did.",
        "rolled_back": f"It serves again, in place of {other}.",
    }[notice.event]
    done = {"kept": "trained", "promoted": "promoted", "rolled_back": "rolled back to"}[notice.event]
    return f"{notice.by} {done} model {manifest.version} ({manifest.chosen}) of {notice.stack}. {then}"


def _figures(manifest: Manifest) -> list[str]:
    shown = (("roc_auc", "ROC AUC"), ("pr_auc", "PR AUC"), ("f1", "F1"), ("brier", "Brier"))
    figures = [
        f"{title} {manifest.metrics[name].mean:.4f} ± {manifest.metrics[name].std:.4f}"
        for name, title in shown
        if name in manifest.metrics
    ]
    data = manifest.training_data
    return [
        f"Out of fold: {', '.join(figures) or 'not measured'}; ECE {manifest.calibration.ece:.4f}",
        f"Trained on: {data.rows:,} rows, {data.positives:,} of them churned",
    ]


def _next(notice: Notice) -> list[str]:
    version, options = notice.manifest.version, notice.options
    if notice.event != "kept":
        return [f"To undo this:  churn models rollback{options}"] if notice.serving else []
    return [
        f"To compare:    churn models compare {version}{options}",
        f"To promote it: churn models promote {version}{options}",
    ]


def notify(sns: SnsClient, topic: str, notice: Notice) -> str:
    """Publish a notice; "" where SNS took it, else one line that says why not: no reason to fail.

    Attributes `schema`, `version` and `event` let a subscription filter.
    """
    attributes = {
        "schema": str(notice.manifest.schema["$id"]),
        "version": notice.manifest.version,
        "event": notice.event,
    }
    try:
        sns.publish(
            TopicArn=topic,
            Subject=notice.subject,
            Message=notice.text,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    except (ClientError, BotoCoreError) as error:
        return (
            f"nobody was notified ({' '.join(str(error).split())}); {notice.manifest.version} is not affected"
        )
    return ""
