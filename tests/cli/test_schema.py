"""`churn schema infer` as people type it; no stage is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from tests.commands import Shell
from tests.serving import serving

TABLE = "client_id,status,age\n" + "".join(
    f"c{i},{'gone' if i % 3 else 'here'},{i % 50}\n" for i in range(60)
)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "shop.csv").write_text(TABLE)
    return Shell(tmp_path, tmp_path / "nowhere")


@pytest.fixture
def server(shell: Shell) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

    with serving(partial(Quiet, directory=str(shell.directory))) as address:
        yield address


def test_the_draft_is_followed_by_what_to_do_next(shell: Shell) -> None:
    """JSON alone on stdout; on stderr what was taken for granted, and the two commands that follow."""
    done = shell.run("schema infer shop.csv --label-column status --positive here")
    assert json.loads(done.stdout)["x-label-positive"] == "here"
    lines = done.stderr.splitlines()
    assert lines[0] == "label status: 'here' is taken to mean churned"
    assert lines[1].startswith("next: save this as shop.json, and look at x-id, x-label")
    assert lines[-2:] == [
        "  churn local up --schema shop.json",
        "  churn train --data shop.csv --schema shop.json",
    ]


def test_a_table_at_an_address_is_fetched(shell: Shell, server: str) -> None:
    """The address arrives with both its slashes."""
    done = shell.run(f"schema infer {server}/shop.csv --label-column status")
    assert (done.returncode, json.loads(done.stdout)["x-label-positive"]) == (0, "gone"), done.stderr


def test_an_unclear_label_names_the_option(shell: Shell) -> None:
    """One line, exit 1, nothing on stdout."""
    (shell.directory / "shop.csv").write_text(TABLE.replace("gone", "A").replace("here", "B"))
    done = shell.run("schema infer shop.csv --label-column status")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "say it with --positive VALUE" in done.stderr
