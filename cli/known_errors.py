"""Errors that a person can do something about: the line that says what, and the exit code."""

from __future__ import annotations

import sys

from cli.errors import FAILED, GATE_NOT_MET

# Module and base class of each package's error tree. A package that was never imported cannot have raised.
OUR_ERRORS = (
    ("training.errors", "ParityError", GATE_NOT_MET),
    ("contract.errors", "ContractError", FAILED),
    ("producer.errors", "ProducerError", FAILED),
    ("training.errors", "TrainingError", FAILED),
    ("scorer.errors", "ScorerError", FAILED),
    ("infra.errors", "InfraError", FAILED),
    ("loadtest.probe", "ProbeTimeoutError", FAILED),
    ("loadtest.compare.errors", "ComparisonError", FAILED),
    ("loadtest.bench.agreement", "DifferentScoresError", FAILED),
    ("loadtest.locust_run", "LocustError", FAILED),
    ("loadtest.json_service", "CallError", FAILED),
)


def explain(error: Exception) -> tuple[str, int] | None:
    """One line and an exit code for a known error; None for any other, which is a defect of ours."""
    found = _ours(error)
    if "botocore" in sys.modules:
        from cli.aws_errors import access_line, other_line

        if line := access_line(error):  # says more than that something could not be read
            return _one_line(line), FAILED
        if found is None and (line := other_line(error)):
            return _one_line(line), FAILED
    if found is None and isinstance(error, OSError):
        return _one_line(f"{error.filename or 'output'}: {error.strerror or error}"), FAILED
    return found


def _ours(error: Exception) -> tuple[str, int] | None:
    for module_name, class_name, exit_code in OUR_ERRORS:
        module = sys.modules.get(module_name)
        if module is not None and isinstance(error, getattr(module, class_name)):
            return str(error), exit_code
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())
