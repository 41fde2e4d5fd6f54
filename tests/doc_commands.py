"""The commands that a page of the documentation shows: in its blocks, and in its running text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import typer.main

from cli.main import app

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^( *)```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
# What stands for many things: not a command as it is typed.
SKETCHED = re.compile(r"[…|<]|\.\.\.")
OPERATORS = {"&&", "||", "|", ">", ">>", ";"}
SUBSTITUTION = re.compile(r"\$\([^()]*\)|\"\$\w+\"|\$\w+")


class Shown(NamedTuple):
    """One command of a page, without comments."""

    page: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.page}: {' '.join(self.words)}"


def pages() -> list[Path]:
    """Everything that people read."""
    return [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").rglob("*.md"))]


@cache
def shown(*programs: str) -> list[Shown]:
    """Every command of one of these programs on any page."""
    return [
        Shown(str(page.relative_to(ROOT)), words)
        for page in pages()
        for words in dict.fromkeys(_commands(page.read_text()))
        if words and Path(words[0]).name in programs
    ]


def _commands(text: str) -> Iterator[tuple[str, ...]]:
    for _, block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _in_line(line.strip().removeprefix("$ "))
    for span in SPAN.findall(BLOCK.sub("", text)):
        yield from _in_line(" ".join(span.split()), typed=False)


def _in_line(line: str, *, typed: bool = True) -> Iterator[tuple[str, ...]]:
    """The commands of one line: of a block as a shell reads it, else a span that is no sketch."""
    if not typed and SKETCHED.search(line):
        return
    # `[--option]` is one that may be left out; two spaces begin what a plain block says of a command.
    line = re.split(r"\s{2,}(?=[a-z(])", line)[0].replace("[", "").replace("]", "")
    for inner in re.findall(r"\$\((.*?)\)", line):
        yield from _in_line(inner, typed=typed)
    try:
        words = shlex.split(SUBSTITUTION.sub("X", line), comments=True)
    except ValueError:  # an apostrophe in a comment, an unfinished quote: not a command
        return
    found: list[str] = []
    for word in [*words, ";"]:
        if word in OPERATORS:
            yield tuple(found)
            found = []
        elif found or not re.fullmatch(r"[A-Za-z_]+=.*", word):  # `NAME=value` before a command
            found.append(word)


@cache
def root() -> Any:
    """`churn` itself."""
    return typer.main.get_command(app)


def find_command(words: list[str]) -> tuple[Any, list[str]]:
    """The command of `churn` that the words name, and the words that are left for it."""
    command = root()
    while words and (children := getattr(command, "commands", None)):
        if words[0].startswith("-"):
            break
        assert words[0] in children, f"`churn {' '.join(words)}`: no such command"
        command, words = children[words[0]], words[1:]
    return command, words


def options_of(command: Any) -> set[str]:
    """Every spelling of every option of a command."""
    return {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
        if name.startswith("-")
    }


def all_commands() -> Iterator[Any]:
    """Every command and group of `churn`."""
    waiting = [root()]
    while waiting:
        command = waiting.pop()
        yield command
        waiting += getattr(command, "commands", {}).values()


@cache
def make_names() -> tuple[frozenset[str], frozenset[str]]:
    """Targets and variables of the Makefile."""
    text = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z][a-z-]*):", text, re.MULTILINE)
    return frozenset(targets), frozenset(re.findall(r"\$\(([A-Z]+)\)", text))
