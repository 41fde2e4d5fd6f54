"""The pages' colours, by what they stand for. They can be told apart with any colour vision.

Hues are those of Okabe & Ito (https://jfly.uni-koeln.de/color/), lightened for the dark page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Colours:
    """One colour for each thing that charts and text show, as `#rrggbb`."""

    ink: str
    muted: str
    line: str
    paper: str
    panel: str
    stay: str  # customers who stayed, and what lowers risk
    leave: str  # customers who left, and what raises risk
    accent: str  # the chosen model
    other: str  # what it is compared with
    good: str
    warn: str

    def items(self) -> list[tuple[str, str]]:
        """Names and colours, in the order above."""
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


LIGHT = Colours(
    ink="#1d1c1a",
    muted="#66625b",
    line="#dedad2",
    paper="#fdfcfa",
    panel="#f5f2ec",
    stay="#0072b2",
    leave="#c84e00",
    accent="#1f4e79",
    other="#8d887f",
    good="#00795a",
    warn="#a45a00",
)
DARK = Colours(
    ink="#ece9e3",
    muted="#a49f96",
    line="#3a3935",
    paper="#171715",
    panel="#20201d",
    stay="#5cb3e6",
    leave="#f2894a",
    accent="#8fc1ea",
    other="#8b867d",
    good="#4cc79d",
    warn="#e8ab4f",
)
# Charts on a page are drawn in these stand-ins, each then replaced by the page's own variable.
STAND_INS = Colours(*(f"#0a0b{number:02x}" for number in range(len(fields(Colours)))))
VARIABLES: Mapping[str, str] = {colour: f"var(--{name})" for name, colour in STAND_INS.items()}


def css_variables(colours: Colours) -> str:
    """Declarations such as `--ink:#1d1c1a;`."""
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
