"""SNS as far as a notice goes, with SNS's own refusals."""

from __future__ import annotations

from typing import Any


class FakeSns:
    """Keeps what it took; refuses the subjects, texts and attributes that SNS refuses, or everything.

    https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
    """

    def __init__(self, refusal: Exception | None = None) -> None:
        self.sent: list[dict[str, Any]] = []
        self.refusal = refusal

    def publish(self, **request: Any) -> Any:
        if self.refusal:
            raise self.refusal
        subject = request["Subject"]
        assert 0 < len(subject) <= 100
        assert subject.isascii()
        assert subject.isprintable()
        assert len(request["Message"].encode()) < 256 * 1024
        assert all(each["StringValue"] for each in request["MessageAttributes"].values())
        self.sent.append(request)
        return {"MessageId": "1"}

    @property
    def events(self) -> list[str]:
        """The attribute `event` of every message."""
        return [each["MessageAttributes"]["event"]["StringValue"] for each in self.sent]
