"""Builders of records and settings for the event source's tests, and a small function to deploy."""

import functools
import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.local.mapping import MappingSettings
from infra.local.records import Record
from tests.infra.rendering import Service
from tests.once import Once

STREAM_ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/events"
FUNCTION_ARN = "arn:aws:lambda:us-east-1:000000000000:function:scorer"
ARRIVED_AT = 1_700_000_000.0
Template = dict[str, Any]
Render = Callable[..., Template]
TINY_HANDLER = """
import json, os

def handler(event, context):
    print("environment", json.dumps(dict(os.environ)))
    print("received", len(event["Records"]))
"""


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    """A copy of what osls reads."""
    return Service(tmp_path_factory.mktemp("service"))


@pytest.fixture(scope="session")
def render(service: Service, once: Once) -> Render:
    """Renders the template of a stage, once for all that ask: `render("prod", shards=8)`."""

    def render(stage: str, **parameters: object) -> Template:
        chosen = repr((stage, sorted(parameters.items())))
        name = f"template-{stage}-{hashlib.sha256(chosen.encode()).hexdigest()[:12]}"
        make = functools.partial(service.template, service.directory / name, stage, **parameters)
        template: Template = once(name, make)
        return template

    return render


@pytest.fixture(scope="session")
def tiny_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A function that starts at once, and logs its environment and how much it was given."""
    path = tmp_path_factory.mktemp("tiny") / "scorer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scorer/__init__.py", "")
        archive.writestr("scorer/handler.py", TINY_HANDLER)
    return path


@pytest.fixture
def settings() -> Callable[..., MappingSettings]:
    """Makes mapping settings; what is not given has AWS's default, but partial responses are on."""

    def make(**chosen: Any) -> MappingSettings:
        values = {
            "mapping_id": "11111111-2222-3333-4444-555555555555",
            "stream_arn": STREAM_ARN,
            "function_arn": FUNCTION_ARN,
            "reports_item_failures": True,
            **chosen,
        }
        return MappingSettings(**values)

    return make


@pytest.fixture
def records() -> Callable[..., tuple[Record, ...]]:
    """Makes `count` records with sequence numbers from 1 on, one second apart."""

    def make(count: int, *, key: str = "customer", arrived_at: float = ARRIVED_AT) -> tuple[Record, ...]:
        return tuple(Record(str(n), key, arrived_at + n - 1, b'{"n": %d}' % n) for n in range(1, count + 1))

    return make
