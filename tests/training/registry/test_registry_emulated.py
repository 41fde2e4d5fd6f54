"""The registry on a real S3 protocol: versions are whole, and of two who promote at once one wins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import boto3
import msgspec
import pytest

from infra.local.stage import LocalStage
from tests.training.registry.duels import manifest_of, weighted_graph
from tests.training.registry.versions import Model
from training.errors import PromotionConflict
from training.registry.registry import Registry

pytestmark = pytest.mark.emulator

PEOPLE = 6
GRAPH = weighted_graph({"signal": 1.0})


def model(version: str, schema: str) -> Model:
    manifest = manifest_of(GRAPH, version)
    return Model(GRAPH, msgspec.structs.replace(manifest, schema={**manifest.schema, "$id": schema}))


@pytest.mark.parametrize("schema", ["duel-first", "duel-again"])
def test_of_many_who_promote_at_once_exactly_one_wins(local_aws: LocalStage, schema: str) -> None:
    """All look, then all promote: one moves the pointer, the others get one line that names the winner."""
    arguments = local_aws.client_arguments()
    registries = [Registry(boto3.client("s3", **arguments), local_aws.bucket, schema) for _ in range(PEOPLE)]
    for number in range(PEOPLE + 1):
        registries[0].publish(model(f"v{number}", schema), {"report.html": b"<html>"})
    before = registries[0].promote("v6", "ada", "before").version if schema == "duel-again" else None
    everybody_has_looked = Barrier(PEOPLE)

    def promote(number: int) -> str | PromotionConflict:
        mine = registries[number]
        seen = mine.champion()
        everybody_has_looked.wait(timeout=20)
        try:
            return mine.promote(f"v{number}", f"user {number}", "race", expected=seen).version
        except PromotionConflict as conflict:
            return conflict

    with ThreadPoolExecutor(PEOPLE) as pool:
        outcomes = list(pool.map(promote, range(PEOPLE)))
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, str)]
    standing = registries[0].champion()
    assert standing is not None
    assert (standing[0].version, standing[0].previous) == (winner, before)
    told = f"user {winner[1:]} made {winner} champion meanwhile"
    assert all(told in str(outcome) for outcome in outcomes if outcome != winner)
    assert registries[0].file(winner, "report.html") == b"<html>"
    assert {each.version for each in registries[0].versions()} == {f"v{n}" for n in range(PEOPLE + 1)}
