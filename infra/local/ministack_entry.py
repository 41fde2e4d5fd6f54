"""What MiniStack's own Python runs in place of `python -m ministack.app`: the same, with fewer sweeps.

MiniStack 1.5.33 looks through all retained records and all iterators of the last five minutes at each call to
Kinesis, and through all data of every alarm's metrics at each PutMetricData. Under load these sweeps were
half of its CPU, and held up every other request meanwhile. Here each of them is made at most once a second;
what has expired is gone a second later, and an alarm goes off with the next data. Python's collector, which
walks through all that MiniStack holds, comes less often for the same reason.
"""

import gc
import time
from collections.abc import Callable, Hashable
from typing import Any

SWEEP_SECONDS = 1.0
COLLECTOR_THRESHOLDS = (100_000, 50, 100)  # Python's own are (700, 10, 10)


def at_most_once_a_second(
    sweep: Callable[..., None],
    subject: Callable[..., Hashable] = lambda *_: None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[..., None]:
    """The sweep, left out where that of the same subject is less than SWEEP_SECONDS ago."""
    due: dict[Hashable, float] = {}

    def sweep_if_due(*arguments: Any) -> None:
        key, now = subject(*arguments), clock()
        if now >= due.get(key, 0.0):
            due[key] = now + SWEEP_SECONDS
            sweep(*arguments)

    return sweep_if_due


def main() -> None:
    """Start MiniStack. Raises AttributeError where another version has no such sweeps."""
    from ministack import app
    from ministack.services import cloudwatch, kinesis

    kinesis._expire_iterators = at_most_once_a_second(kinesis._expire_iterators)
    kinesis._expire_records = at_most_once_a_second(
        kinesis._expire_records, lambda stream: stream["StreamARN"]
    )
    cloudwatch._evaluate_all_alarms = at_most_once_a_second(cloudwatch._evaluate_all_alarms)
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    app.main()


if __name__ == "__main__":
    main()
