"""Why there is nothing to report."""

from __future__ import annotations


class ComparisonError(Exception):
    """A contestant could not be measured; the message says which, and what to look at."""
