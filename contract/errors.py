"""What can be wrong with an agreement: a schema or a manifest that cannot be used."""


class ContractError(ValueError):
    """Base of every error of this package; the message is one line a person can act on."""


class SchemaError(ContractError):
    """A feature schema that cannot be read, or that uses JSON Schema in a way the pipeline cannot honour."""


class ManifestError(ContractError):
    """A model manifest that cannot be read, or that describes a model this code cannot serve."""
