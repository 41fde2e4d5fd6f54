"""How long to go on with what may heal.

The mapping counts its retries: many short invocations would use them up in an outage that fewer long ones
outlast. So whatever waits for AWS goes on while the invocation has time.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator

FIRST_BACKOFF_SECONDS = 0.05
MAX_BACKOFF_SECONDS = 2.0
MAX_ATTEMPTS = 60  # more than fit into an invocation of a minute


class Patience:
    """Attempts with pauses between them: doubling windows, of each a random share (full jitter).

    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.monotonic = monotonic
        self._sleep = sleep
        self._jitter = jitter

    def attempts(self, deadline: float) -> Iterator[int]:
        """Numbers attempts: the first at once, each other after its pause and before `deadline`."""
        yield 0
        for attempt in range(1, MAX_ATTEMPTS):
            pause = self._jitter() * min(MAX_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (attempt - 1))
            if self.monotonic() + pause >= deadline:
                return
            self._sleep(pause)
            yield attempt
