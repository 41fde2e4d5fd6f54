"""Errors that a person can do something about, and the line that says what."""

from __future__ import annotations

import sys

# Module and base class of each package's error tree. A package that was never imported cannot have raised.
OUR_ERRORS = (
    ("contract.errors", "ContractError"),
    ("producer.errors", "ProducerError"),
    ("training.errors", "TrainingError"),
    ("scorer.errors", "ScorerError"),
    ("infra.errors", "InfraError"),
    ("loadtest.probe", "ProbeTimeoutError"),
)


def line_for(error: Exception) -> str | None:
    """One line for a known error, None for any other."""
    for module_name, class_name in OUR_ERRORS:
        module = sys.modules.get(module_name)
        if module is not None and isinstance(error, getattr(module, class_name)):
            return str(error)
    if "botocore" in sys.modules:
        return _line_for_aws(error)
    return None


def _line_for_aws(error: Exception) -> str | None:
    from botocore import exceptions as aws

    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return "no AWS credentials: sign in, set AWS_PROFILE or AWS_ACCESS_KEY_ID, or use --stage local"
    if isinstance(error, aws.NoRegionError):
        return "no AWS region: set AWS_REGION or a region in your AWS profile, or use --stage local"
    if isinstance(error, aws.ProfileNotFound | aws.TokenRetrievalError | aws.SSOError):
        return f"AWS sign-in: {error}"
    if isinstance(error, aws.EndpointConnectionError | aws.ConnectionClosedError | aws.HTTPClientError):
        return f"AWS cannot be reached: {error}. Is the stage up, and the network?"
    if isinstance(error, aws.ClientError):
        code = error.response.get("Error", {}).get("Code", "unknown")
        if code in ("ExpiredToken", "ExpiredTokenException", "RequestExpired"):
            return "the AWS credentials have expired: sign in again"
        return f"AWS refused {error.operation_name}: {error.response.get('Error', {}).get('Message') or code}"
    return None
