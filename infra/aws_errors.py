"""What went wrong between this machine and AWS, and what a person can do about it: one line each.

For `make deploy` and for every command of `churn`, so that the same trouble has the same words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from botocore import exceptions as aws

SIGN_IN = "sign in (`aws sso login`, or new keys) and run this again"
LOCAL = "or use stage local, which needs none"
# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html; services differ in the words.
EXPIRED = frozenset(
    {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "InvalidToken"}
)
UNKNOWN_KEYS = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized", "UnauthorizedOperation"}
)
WRONG_CLOCK = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
NOT_SIGNED_UP = frozenset({"OptInRequired", "SubscriptionRequiredException"})
SIGNED_AT_ANOTHER_TIME = re.compile(r"signature (expired|not yet current)", re.IGNORECASE)
NOT_AUTHORIZED = re.compile(r"not authorized to perform:? ([\w-]+:\w+)(?: on resource:? \"?([^\s\"]+))?")


def access_line(error: BaseException) -> str | None:
    """The line for credentials, permissions, region and network; None where none of them is the matter.

    Also where another error of ours was raised because of it, such as "the table cannot be read".
    """
    return next((_one_line(line) for each in _causes(error) if (line := _line(each))), None)


def other_line(error: BaseException) -> str | None:
    """The line for anything else that AWS or its client says; None for what is not theirs."""
    if isinstance(error, aws.ClientError):
        told = error.response.get("Error", {})
        return _one_line(
            f"AWS refused {error.operation_name}: {told.get('Message') or told.get('Code', 'unknown')}"
        )
    if isinstance(error, aws.BotoCoreError) or (
        isinstance(error, ValueError) and "botocore" in _raised_in(error)
    ):
        return _one_line(f"AWS settings: {error}; check your AWS profile and AWS_ variables, {LOCAL}")
    return None


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it was raised from; pynamodb keeps that in `cause`."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, getattr(each, "cause", None)]


def _line(error: BaseException) -> str | None:
    if isinstance(error, aws.ClientError):
        return _refusal(error)
    if isinstance(error, aws.NoCredentialsError | aws.PartialCredentialsError):
        return f"no AWS credentials: sign in (`aws sso login`), set AWS_PROFILE or AWS_ACCESS_KEY_ID, {LOCAL}"
    if isinstance(error, aws.SSOError | aws.TokenRetrievalError | aws.LoginError):
        return f"the AWS sign-in has expired, or there was none: {SIGN_IN} ({error})"
    if isinstance(error, aws.CredentialRetrievalError):
        return f"the program that your AWS profile names gives no credentials: {error}"
    if isinstance(error, aws.ProfileNotFound):
        return f"{error}: set AWS_PROFILE to one of `aws configure list-profiles`, or unset it"
    if isinstance(error, aws.NoRegionError):
        return f"no AWS region: set AWS_REGION or a region in your AWS profile, {LOCAL}"
    if isinstance(error, aws.InvalidRegionError | aws.UnknownRegionError):
        return f"{error}: set AWS_REGION to a region such as eu-central-1"
    if isinstance(error, aws.EndpointConnectionError | aws.HTTPClientError | aws.ConnectionError):
        return f"AWS cannot be reached: {error}. Is the region right, the stage up, and the network?"
    return None


def _refusal(error: aws.ClientError) -> str | None:
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "")), str(told.get("Message", ""))
    if code in WRONG_CLOCK or (code in UNKNOWN_KEYS and SIGNED_AT_ANOTHER_TIME.search(message)):
        return f"AWS refused {error.operation_name}: this machine's clock is wrong; set it and run this again"
    if code in EXPIRED:
        return f"the AWS credentials have expired: {SIGN_IN}"
    if code in UNKNOWN_KEYS:
        return (
            f"AWS does not know these credentials ({code}): check AWS_PROFILE and AWS_ variables; {SIGN_IN}"
        )
    if code in NOT_SIGNED_UP:
        return f"this AWS account may not use {error.operation_name} yet ({code}): finish its sign-up"
    if code in DENIED:
        return _denial(error.operation_name, message)
    return None


def _denial(operation: str, message: str) -> str:
    found = NOT_AUTHORIZED.search(message)
    action = found[1] if found else operation
    where = f" on {found[2]}" if found and found[2] else ""
    return f"access denied: {action}{where}; ask for it, docs/security.md says whose policy allows what"


def _raised_in(error: BaseException) -> str:
    """The module that raised an error."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else str(trace.tb_frame.f_globals.get("__name__", ""))
