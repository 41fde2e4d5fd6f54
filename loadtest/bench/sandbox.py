"""What stands in for Lambda: imports a handler, hands it an event, and measures. Run as a file, by path.

    python sandbox.py module:function event.json

The first invocation happens at once. Each line on stdin is one more; each invocation prints a line with the
seconds it took, [CPU of all threads, wall clock]. What the handler prints goes nowhere. It imports as little
as it can, for the cold start of the handler is measured from outside.
"""

import json
import os
import sys
import time
from importlib import import_module
from pathlib import Path

TIMEOUT_MILLISECONDS = 60_000


class Context:
    """Of the Lambda context, what handlers use."""

    aws_request_id = "00000000-0000-0000-0000-000000000000"
    function_name = "bench"
    memory_limit_in_mb = 1769
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"

    def get_remaining_time_in_millis(self) -> int:
        """As of an invocation that has just begun."""
        return TIMEOUT_MILLISECONDS


def main(entry: str, event_file: str) -> None:
    """Serve until stdin ends; then leave at once, as no sandbox ever shuts its interpreter down."""
    measured = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    event = json.loads(Path(event_file).read_bytes())
    module, _, function = entry.partition(":")
    handler = getattr(import_module(module), function)
    waiting = True
    while waiting:
        cpu, wall = time.process_time(), time.perf_counter()
        handler(event, Context())
        taken = [time.process_time() - cpu, time.perf_counter() - wall]
        print(json.dumps(taken), file=measured, flush=True)
        waiting = bool(sys.stdin.readline())
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
