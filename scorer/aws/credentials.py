"""Who signs: the function's own credentials from its environment, anyone else's as botocore finds them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from scorer.errors import CredentialsError


class Keys(NamedTuple):
    """What a signature is made with; the token goes with keys that are lent for a while."""

    access_key: str
    secret_key: str
    token: str | None

    def __repr__(self) -> str:
        return f"Keys({self.access_key})"  # so that no traceback shows the rest


class Credentials:
    """Asked for at each signature, since they may be exchanged at any time.

    Lambda gives them as variables. Where it does not (SnapStart has them behind an address, a developer has a
    profile), botocore's chain finds and renews them; only then is it imported, which a cold start would feel.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    def __call__(self) -> Keys:
        """What to sign with now. Raises CredentialsError."""
        key = self._variables.get("AWS_ACCESS_KEY_ID")
        secret = self._variables.get("AWS_SECRET_ACCESS_KEY")
        if key and secret:
            return Keys(key, secret, self._variables.get("AWS_SESSION_TOKEN") or None)
        found = self._from_chain()
        if found is None:
            raise CredentialsError(
                "no AWS credentials: give the function a role, or set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
            )
        return found

    def _from_chain(self) -> Keys | None:
        from botocore.exceptions import BotoCoreError

        try:
            found = self._chain and self._chain.get_frozen_credentials()
        except BotoCoreError as error:
            raise CredentialsError(f"AWS credentials cannot be read ({type(error).__name__})") from error
        return Keys(found.access_key, found.secret_key, found.token) if found else None

    @functools.cached_property
    def _chain(self) -> Any:
        import botocore.session

        return botocore.session.get_session().get_credentials()
