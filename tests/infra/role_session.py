"""Clients with a role's credentials, which note what is denied to them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError

from infra.local.client_settings import isolated_session
from infra.local.state import LocalStage

DENIED = ("AccessDenied", "AccessDeniedException", "403")


class RoleSession:
    """A session of a role; MiniStack gives it to root, where on AWS only Lambda may take on the scorer's."""

    def __init__(self, stage: LocalStage, role_arn: str, *, stream_arn: str) -> None:
        self._stage = stage
        self._stream_arn = stream_arn
        self._session = isolated_session()
        sts = self._session.client("sts", **stage.client_arguments())
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="lambda")["Credentials"]
        self._credentials = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        self.denials: list[str] = []

    @functools.cache  # noqa: B019 - a session lives as long as a module's tests
    def client(self, service: str) -> Any:
        """A client of one service."""
        factory: Any = self._session.client
        client = factory(service, **{**self._stage.client_arguments(), **self._credentials})
        client.meta.events.register("after-call", self._note_denial)
        client.meta.events.register("provide-client-params.kinesis.GetRecords", self._name_the_stream)
        return client

    def tried(self, *calls: Callable[[], object]) -> list[str]:
        """What was denied of these calls."""
        self.denials.clear()
        for call in calls:
            with suppress(ClientError):
                call()
        return list(self.denials)

    def _note_denial(self, model: Any, parsed: dict[str, Any], **_: object) -> None:
        if parsed.get("Error", {}).get("Code") in DENIED:
            self.denials.append(f"{model.service_model.signing_name}:{model.name} is denied")

    def _name_the_stream(self, params: dict[str, Any], **_: object) -> None:
        """On AWS an iterator tells its stream; MiniStack authorises what is named."""
        params["StreamARN"] = self._stream_arn
