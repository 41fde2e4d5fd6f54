"""How an invocation's time is shared out, so that it answers before Lambda ends it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from scorer.aws.signed_http import CONNECT_SECONDS, READ_SECONDS
from scorer.bucket import STORAGE_ATTEMPTS
from scorer.errors import SettingsError

REQUEST_SECONDS = CONNECT_SECONDS + READ_SECONDS
ANSWER_SECONDS = 3.0  # for the accounting, the log lines and Lambda's own way out
# Left of the time after the last write has begun: that write and the rejected records may each time out.
RESERVE_SECONDS = (1 + STORAGE_ATTEMPTS) * REQUEST_SECONDS + ANSWER_SECONDS
MAX_RESERVE_SHARE = 0.5  # of a short invocation, in which every part of the reserve shrinks alike
MIN_SECONDS = 1.0


class TimeBudget:
    """Points in time of the invocation at hand, on the monotonic clock; without one, there is no end."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self.writing_until = math.inf  # no write begins after this
        self.writes_end = math.inf  # no write is waited for after this
        self.ends = math.inf  # nothing is waited for after this

    def begin(self, remaining_seconds: float) -> None:
        """Share out what is left. Raises SettingsError where that is too little to do anything."""
        if not remaining_seconds >= MIN_SECONDS:
            raise SettingsError(
                f"timeoutSeconds: {remaining_seconds:.1f} s left when the invocation began; raise it to "
                f"{MIN_SECONDS:.0f} s at least, and to {2 * RESERVE_SECONDS:.0f} s to outlast slow answers"
            )
        reserve = min(RESERVE_SECONDS, remaining_seconds * MAX_RESERVE_SHARE)
        share = reserve / RESERVE_SECONDS
        end = self._monotonic() + remaining_seconds
        self.writing_until = end - reserve
        self.writes_end = self.writing_until + REQUEST_SECONDS * share
        self.ends = end - ANSWER_SECONDS * share
