"""The inside of a function's sandbox: `python -I -S -u sandbox.py TASK_ROOT`, started by function_process.py.

Only the standard library and the unzipped code are on its path, so what the zip lacks is lacking here.
An invocation comes on stdin, as a line of JSON and the event's bytes. What the function prints goes to
stdout as on AWS, and its answer follows as a line that starts with ANSWER. READY says that the code is
imported: an invocation's time begins after that.
"""

import importlib
import json
import sys
import time
from typing import Any

ANSWER = "\x1eanswer "
READY = "\x1eready"
HANDLER = ("scorer.handler", "handler")


class Clock:
    """A monotonic clock that can be moved on: to the function, its sandbox was frozen meanwhile."""

    def __init__(self) -> None:
        self._real = time.monotonic
        self._frozen_seconds = 0.0

    def __call__(self) -> float:
        return self._real() + self._frozen_seconds

    def freeze(self, seconds: float) -> None:
        self._frozen_seconds += seconds


class Context:
    """The Lambda context, as far as a handler may use it."""

    function_name = "scorer"
    function_version = "$LATEST"
    memory_limit_in_mb = "1769"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:scorer"

    def __init__(self, request_id: str, timeout_seconds: float) -> None:
        self.aws_request_id = request_id
        self._until = time.time() + timeout_seconds

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._until - time.time()) * 1000))


def main(task_root: str) -> None:
    """Import the handler as the Lambda runtime does, then answer invocations until stdin ends."""
    clock = Clock()
    time.monotonic = clock
    sys.path.insert(0, task_root)
    handle = getattr(importlib.import_module(HANDLER[0]), HANDLER[1])
    print(READY)
    while header := sys.stdin.buffer.readline():
        told = json.loads(header)
        event = json.loads(sys.stdin.buffer.read(told["bytes"]))
        clock.freeze(told["frozen_seconds"])
        print(ANSWER + json.dumps(answer(handle, event, Context(told["id"], told["timeout_seconds"]))))


def answer(handle: Any, event: Any, context: Context) -> dict[str, Any]:
    """What the function returned, or the error that it raised: the process lives on, as on AWS."""
    try:
        return {"returned": handle(event, context)}
    except Exception as error:
        return {"error": type(error).__name__, "message": str(error)}


if __name__ == "__main__":
    main(sys.argv[1])
