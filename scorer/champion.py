"""Which model serves: the champion pointer in S3, followed without a redeploy."""

from __future__ import annotations

import math
from typing import NamedTuple

from contract.champion import Champion, champion_key, decode_champion, manifest_key, model_key
from contract.errors import ContractError
from contract.manifest import decode_manifest
from scorer.backoff import Patience
from scorer.errors import ModelError, NoUsableModelError, ObjectMissingError, StorageError
from scorer.model import Model, load_model
from scorer.storage import ReadableObjects

CHECK_SECONDS = 60.0


class Pointer(NamedTuple):
    """The champion pointer as read, with the ETag that a conditional read names."""

    champion: Champion
    etag: str


class News(NamedTuple):
    """What happened to the serving model since it was last asked: versions loaded, and what failed."""

    loaded: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()


class ModelStore:
    """The registry of one schema, read only."""

    def __init__(self, objects: ReadableObjects, schema_name: str) -> None:
        self._objects = objects
        self._schema_name = schema_name

    def pointer(self, etag: str = "") -> Pointer | None:
        """The champion pointer, or None where it still carries `etag`.

        Raises StorageError, or ManifestError where the pointer cannot be read.
        """
        stored = self._objects.get_if_changed(champion_key(self._schema_name), etag)
        return None if stored is None else Pointer(decode_champion(stored.body), stored.etag)

    def load(self, version: str) -> Model:
        """One version, verified. Raises StorageError, ManifestError or ModelError."""
        manifest = decode_manifest(self._objects.get(manifest_key(self._schema_name, version)).body)
        if manifest.version != version:
            raise ModelError(f"model {version}: its manifest is that of {manifest.version}; promote another")
        model = load_model(self._objects.get(model_key(self._schema_name, version)).body, manifest)
        if model.schema.name != self._schema_name:
            raise ModelError(
                f"model {version}: made for schema {model.schema.name!r}, this function serves "
                f"{self._schema_name!r}; promote a model of {self._schema_name!r}"
            )
        return model


class ChampionWatcher:
    """The serving model, checked for a successor at most once a minute.

    A successor that cannot be loaded leaves the old model serving, or, in a sandbox that has none yet, its
    predecessor; it is tried again at the next check.
    """

    def __init__(self, store: ModelStore, *, patience: Patience | None = None) -> None:
        self._store = store
        self._patience = patience or Patience()
        self._model: Model | None = None
        self._etag = ""
        self._next_check = 0.0
        self._may_heal = False  # what kept the last check from a model
        self._loaded: list[str] = []
        self._failures: list[str] = []

    @property
    def model(self) -> Model | None:
        """What serves now, without a check."""
        return self._model

    def current(self, *, deadline: float = -math.inf) -> Model:
        """The model to score with now.

        A sandbox that has none because S3 does not answer asks again until `deadline` (on the monotonic
        clock): failing at once would use up the mapping's retries, and what it gives up on goes to S3 too.
        Raises NoUsableModelError where there is none at all.
        """
        now = self._patience.monotonic()
        if self._model is None or now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            for _ in self._patience.attempts(deadline):
                self._refresh()
                if self._model is not None or not self._may_heal:
                    break
        if self._model is None:
            raise NoUsableModelError(
                f"no usable model ({self._failures[-1]}); run `churn train` or `churn models promote VERSION`"
            )
        return self._model

    def take_news(self) -> News:
        """What happened since the last call; each event is told once."""
        news = News(tuple(self._loaded), tuple(self._failures))
        self._loaded.clear()
        self._failures.clear()
        return news

    def _refresh(self) -> None:
        self._may_heal = False
        try:
            pointer = self._store.pointer(self._etag)
        except (StorageError, ContractError) as error:
            self._fail(error)
            return
        if pointer is None:
            return
        champion = pointer.champion
        if self._serves(champion.version):
            self._etag = pointer.etag
        elif self._model is None and champion.previous:
            # The pointer stays unread, so that the champion itself is tried again at the next check.
            self._serves(champion.previous)

    def _serves(self, version: str) -> bool:
        """Whether `version` serves now, loading it if need be."""
        if self._model is not None and version == self._model.version:
            return True
        try:
            self._model = self._store.load(version)
        except (ModelError, StorageError, ContractError) as error:
            self._fail(error)
            return False
        self._loaded.append(version)
        return True

    def _fail(self, error: Exception) -> None:
        self._may_heal |= isinstance(error, StorageError) and not isinstance(error, ObjectMissingError)
        if str(error) not in self._failures[-1:]:  # told once, however often it was tried
            self._failures.append(str(error))
