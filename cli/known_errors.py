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
)


def explain(error: Exception) -> tuple[str, int] | None:
    """One line and an exit code for a known error; None for any other, which is a defect of ours."""
    for module_name, class_name, exit_code in OUR_ERRORS:
        module = sys.modules.get(module_name)
        if module is not None and isinstance(error, getattr(module, class_name)):
            return str(error), exit_code
    line = _line_for_aws(error) if "botocore" in sys.modules else None
    if line is None and isinstance(error, OSError):
        line = f"{error.filename or 'output'}: {error.strerror or error}"
    return None if line is None else (" ".join(line.split()), FAILED)


def _line_for_aws(error: Exception) -> str | None:
    from botocore import exceptions as aws

    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return "no AWS credentials: sign in, set AWS_PROFILE or AWS_ACCESS_KEY_ID, or use --stage local"
    if isinstance(error, aws.NoRegionError):
        return "no AWS region: set AWS_REGION or a region in your AWS profile, or use --stage local"
    if isinstance(error, aws.EndpointConnectionError | aws.ConnectionClosedError | aws.HTTPClientError):
        return f"AWS cannot be reached: {error}. Is the stage up, and the network?"
    if isinstance(error, aws.ClientError):
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
            return "the AWS credentials have expired: sign in again"
        return f"AWS refused {error.operation_name}: {error.response.get('Error', {}).get('Message') or code}"
    if isinstance(error, aws.BotoCoreError | ValueError) and "botocore" in _raised_in(error):
        return f"AWS settings: {error}; check your AWS profile and AWS_ variables, or use --stage local"
    return None


def _raised_in(error: Exception) -> str:
    """The module that raised an error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
