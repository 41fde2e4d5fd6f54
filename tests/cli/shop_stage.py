"""A stage without AWS: the shop's, whose S3 and SNS are in memory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cli.main import main
from cli.stage import Stage
from contract.champion import manifest_key
from contract.manifest import Manifest, decode_manifest
from tests.training.registry.fake_s3 import FakeS3
from tests.training.registry.fake_sns import FakeSns
from tests.training.tables import DOCUMENT, shop_rows, write_csv


@dataclass(frozen=True)
class ShopStage(Stage):
    """`Stage` with the clients that a test can look into."""

    s3: FakeS3 = field(default_factory=FakeS3)
    sns: FakeSns = field(default_factory=FakeSns)

    def client(self, service: str, **settings: Any) -> Any:
        return {"s3": self.s3, "sns": self.sns}[service]


def shop_stage() -> ShopStage:
    """Nothing is published yet."""
    names = dict.fromkeys(("stack", "stream", "table", "bucket"), "churn-shop-local")
    return ShopStage(name="local", schema="shop", topic="arn:aws:sns:eu-west-1:000000000000:models", **names)


def write_shop(folder: Path, **columns: Callable[[int], Any]) -> None:
    """`shop.csv` with more columns, each a function of the row's number, and its `shop.json`."""
    rows = [
        row | {name: value(number) for name, value in columns.items()}
        for number, row in enumerate(shop_rows())
    ]
    write_csv(folder / "shop.csv", rows)
    (folder / "shop.json").write_text(json.dumps(DOCUMENT))


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it printed."""

    exit_code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        assert self.exit_code == 0, self.err
        return json.loads(self.out)


Train: TypeAlias = Callable[..., Ended]


def train_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Train:
    """`churn train --data shop.csv --schema shop.json …` in this process."""

    def run(options: str = "") -> Ended:
        words = f"churn train --data shop.csv --schema shop.json {options}".split()
        monkeypatch.setattr("sys.argv", words)
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Ended(int(ended.value.code or 0), printed.out, printed.err)

    return run


def refused(ended: Ended, exit_code: int, *says: str) -> None:
    """Assert that a command ended in one clear line, after notes at most, and printed nothing."""
    assert (ended.exit_code, ended.out) == (exit_code, ""), ended.err
    *_, last = ended.err.splitlines()
    assert last.startswith("churn: ")
    for words in says:
        assert words in last


def stored(stage: ShopStage, version: str) -> Manifest:
    """The manifest that was published."""
    return decode_manifest(stage.s3.objects[manifest_key("shop", version)])
