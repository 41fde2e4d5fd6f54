"""Exit codes and the one kind of error a command raises on purpose."""

from __future__ import annotations

FAILED = 1
WRONG_USAGE = 2
GATE_NOT_MET = 3
INTERRUPTED = 130  # 128 + SIGINT, as shells do
PIPE_CLOSED = 141  # 128 + SIGPIPE


class CommandError(Exception):
    """Ends a command with one line on stderr and `exit_code`."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code
