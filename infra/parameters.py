"""Brings docs/parameters.md and the comments of parameters.yml up to date: `python -m infra.parameters`.

Names, values and meanings come from infra/resources/parameters.yml, and what they may be from ranges.js;
from there it goes into the comments of parameters.yml too, in brackets.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from infra.errors import ParametersError
from infra.node import find_node
from infra.paths import PROJECT

RESOURCES = PROJECT / "infra" / "resources"
PAGE = PROJECT / "docs" / "parameters.md"
BEGIN, END = "<!-- written by python -m infra.parameters -->\n", "<!-- end of what is written -->\n"
SECTION = re.compile(r"  # == (?P<title>.+)")
REMARK = re.compile(r"  # (?P<text>.+)")
VALUE = re.compile(r"  (?P<name>\w+): (?P<value>.+?)(?: # (?:\[(?P<range>[^\]]*)\] ?)?(?P<text>.*))?")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter as parameters.yml describes it; `shown_range` is what stands in brackets there."""

    section: str
    name: str
    shown_range: str
    meaning: str


def read_ranges() -> dict[str, str]:
    """What each parameter may be, in a few words. Raises DeployError where there is no Node.js."""
    script = (
        "const r = require('./ranges.js'); console.log(JSON.stringify(r.KNOWN.map((n) => [n, r.shown(n)])))"
    )
    command = [str(find_node() / "node"), "--eval", script]
    done = subprocess.run(command, cwd=RESOURCES, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def read_parameters(text: str) -> list[Parameter]:
    """The parameters of `text`, the content of parameters.yml, in its order.

    Raises ParametersError for a line of the defaults that is neither a section, a comment nor a value.
    """
    found: list[Parameter] = []
    section, remarks = "", list[str]()
    for line in _lines_of_defaults(text):
        if match := SECTION.fullmatch(line):
            section, remarks = match["title"], []
        elif match := REMARK.fullmatch(line):
            remarks.append(match["text"])
        elif match := VALUE.fullmatch(line):
            meaning = [*remarks, match["text"] or ""]
            found.append(Parameter(section, match["name"], match["range"] or "", " ".join(meaning).strip()))
            remarks = []
        elif line:
            raise ParametersError(
                f"parameters.yml: found {line!r}, expected `name: value # [range] meaning` or a comment"
            )
    return found


def _lines_of_defaults(text: str) -> Iterator[str]:
    _, _, defaults = text.partition("default:\n")
    for line in defaults.splitlines():
        if line and not line.startswith(" "):
            return
        yield line


def with_ranges(text: str, ranges: dict[str, str]) -> str:
    """`text`, the content of parameters.yml, with the range of each default in brackets.

    Raises ParametersError for a parameter that has none.
    """
    lines = text.splitlines()
    first = lines.index("default:") + 1
    for number, line in enumerate(_lines_of_defaults(text), first):
        if match := VALUE.fullmatch(line):
            if match["name"] not in ranges:
                raise ParametersError(f"parameter {match['name']} has no range: give it one in ranges.js")
            comment = f"[{ranges[match['name']]}] {match['text'] or ''}".strip()
            lines[number] = f"  {match['name']}: {match['value']} # {comment}"
    return "\n".join(lines) + "\n"


def tables(text: str) -> str:
    """The tables of docs/parameters.md for `text`, the content of parameters.yml."""
    values: dict[str, dict[str, Any]] = yaml.safe_load(text)
    written: list[str] = []
    section = ""
    for parameter in read_parameters(text):
        if parameter.section != section:
            section = parameter.section
            written += ["", f"## {section}", "", "| parameter | value | may be | |", "|---|---|---|---|"]
        chosen = [
            f"{stage} `{_shown(of[parameter.name])}`" for stage, of in values.items() if parameter.name in of
        ]
        cells = (
            f"`{parameter.name}`",
            ", ".join(chosen).removeprefix("default "),
            parameter.shown_range.replace("|", "\\|"),
            parameter.meaning.replace("|", "\\|"),
        )
        written.append(f"| {' | '.join(cells)} |".replace("|  |", "| |"))
    return "\n".join(written) + "\n\n"


def _shown(value: object) -> str:
    return json.dumps(value) if value == "" or isinstance(value, bool) else str(value)


def page_with(tables: str, page: str) -> str:
    """`page`, the content of docs/parameters.md, with these tables between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ParametersError(f"docs/parameters.md lacks one of its marks, {BEGIN.strip()} and {END.strip()}")
    return before + BEGIN + tables + END + after


def write(parameters: Path = RESOURCES / "parameters.yml", page: Path = PAGE) -> None:
    """Bring both files up to date."""
    text = with_ranges(parameters.read_text(), read_ranges())
    new_page = page_with(tables(text), page.read_text())
    parameters.write_text(text)
    page.write_text(new_page)


def main() -> int:
    """Entry point."""
    try:
        write()
    except ParametersError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
