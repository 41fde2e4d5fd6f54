"""The names that serverless.yml gives, for everyone who has to find them."""

from contract.schema import NAME_PATTERN
from infra.errors import DeployError


def stack_name(schema: str, stage: str) -> str:
    """The stack's name, with which every resource starts.

    Raises DeployError for a schema whose name cannot be part of one.
    """
    if not NAME_PATTERN.fullmatch(schema):
        raise DeployError(
            f"schema name {schema!r} cannot name a stack: use 2 to 20 lower-case letters, "
            "digits or dashes, a letter first (it becomes part of an S3 bucket's name)"
        )
    return f"churn-{schema}-{stage}"
