"""What can go wrong in infra/, as one tree; every message is one line and says what to do next."""


class InfraError(Exception):
    """Base of all errors that a person can act on."""


class BuildError(InfraError):
    """The Lambda zip could not be made."""


class LambdaRuntimeError(InfraError):
    """AWS's Lambda runtime or its emulator could not be installed."""


class MiniStackError(InfraError):
    """The embedded AWS could not be installed or started, or a requested port is busy."""


class DeployError(InfraError):
    """`osls deploy` did not finish; the message names the full log."""


class StageError(InfraError):
    """The local stage is in a state that does not allow what was asked."""


class ParametersError(InfraError):
    """parameters.yml, ranges.js or docs/parameters.md is not written as the others expect."""


class AlarmError(InfraError):
    """An alarm that was asked for is not there, or what a test of alarms needs could not be set up."""


class CostError(InfraError):
    """The bill cannot be worked out: a file that it is made from is damaged."""


class CostUsageError(CostError):
    """The bill was asked for of something that makes no sense, or of a region or stage that is not known."""
