"""What can go wrong with a dashboard; every message is one line."""

from __future__ import annotations

from infra.errors import InfraError


class DashboardError(InfraError):
    """The dashboard cannot be shown at all."""


class MathError(InfraError):
    """An expression is no metric math, or uses what is not supported here; the widget says so."""


class UnsupportedMathError(MathError):
    """A function that is not known here; CloudWatch may know it."""


class BrowserError(InfraError):
    """The page could not be drawn into a file."""
