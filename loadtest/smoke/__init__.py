"""Is a deployed stack alive? A handful of events go in; their scores, one rejection and the counts come out.

For the minute after a deployment, also of one that serves customers: what it writes it takes away again.
"""

from loadtest.smoke.report import Report, Stack
from loadtest.smoke.run import smoke

__all__ = ["Report", "Stack", "smoke"]
