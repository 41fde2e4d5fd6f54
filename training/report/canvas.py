"""Charts drawn with matplotlib: as SVG that takes the page's colours and fonts, or as PNG.

matplotlib is imported only where something is drawn, and only its figure objects are used: no pyplot, and
its settings are as before afterwards.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, cast

from training.report.colours import LIGHT, STAND_INS, VARIABLES, Colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH, HEIGHT = 400, 285  # CSS pixels at scale 1; narrow, so that text stays readable on a telephone
POINTS_PER_INCH = 72  # one point is one pixel of the SVG
PNG_DPI = 200
REFERENCE = r"(?:href=\"|url\()#([\w-]+)"
HALO = "halo"
NO_METADATA: Mapping[str, None] = dict.fromkeys(("Creator", "Date", "Format", "Type"))

Draw = Callable[["Pen"], None]


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: a title, one plain sentence on what it says, and how to draw it.

    `name` is unique on its page: it names the PNG, and keeps ids inside the SVG apart. `numbers` are the
    chart's own figures as a table, header first, for those who cannot see it.
    """

    name: str
    title: str
    says: str
    draw: Draw
    numbers: tuple[tuple[str, ...], ...] = ()
    width: int = WIDTH
    height: int = HEIGHT


class Pen:
    """A figure with one pair of axes, and the colours to draw in."""

    def __init__(self, figure: Figure, colours: Colours) -> None:
        self.figure = figure
        self.colours = colours

    def axes(self, rows: int = 1, **settings: Any) -> Any:
        """Axes without a box; with `rows` above 1 an array of them, one above the other."""
        return self.figure.subplots(rows, 1, **settings)

    def axes_at(self, left: float, bottom: float, width: float, height: float) -> Any:
        """Axes at a place of the figure that does not depend on what labels need; shares of its size."""
        self.figure.set_layout_engine("none")
        return self.figure.add_axes((left, bottom, width, height))

    def heading(self, axes: Any, text: str) -> None:
        """What the vertical axis shows, above it, where it reads without turning one's head."""
        axes.set_title(text, loc="left", fontsize=10, color=self.colours.muted)

    def label(self, axes: Any, x: float, y: float, text: str, **settings: Any) -> None:
        """Text inside a chart, readable across lines: it keeps a rim of the background's colour."""
        artist = axes.text(x, y, text, **{"fontsize": 9.5, **settings})
        if self.colours is STAND_INS:
            artist.set_gid(HALO)  # drawn by the page's style sheet
        else:
            from matplotlib.patheffects import withStroke

            artist.set_path_effects([withStroke(linewidth=3, foreground=self.colours.paper)])

    def threshold(self, axes: Any, at: float, text: str = "threshold") -> None:
        """A vertical line where acting begins."""
        axes.axvline(at, color=self.colours.ink, linewidth=1)
        side = "right" if at > 0.6 else "left"
        shift = -4 if at > 0.6 else 4
        axes.annotate(
            f"{text} {at:.2f}", (at, 1), xycoords=("data", "axes fraction"), xytext=(shift, -2),
            textcoords="offset points", ha=side, va="top", fontsize=9.5,
        )  # fmt: skip


def svg(chart: Chart) -> str:
    """The chart for a page: an accessible `<svg>` in CSS variables; the same bytes for the same chart."""
    raw = io.StringIO()
    with _drawn(chart, STAND_INS) as figure:
        figure.savefig(raw, format="svg", metadata=NO_METADATA, transparent=True)
    return _for_page(raw.getvalue(), chart)


def png(chart: Chart) -> bytes:
    """The chart on its own, light, at 200 dpi, with its title above."""
    raw = io.BytesIO()
    with _drawn(chart, LIGHT) as figure:
        figure.suptitle(chart.title, x=0.02, ha="left", fontsize=12, fontweight="bold", color=LIGHT.ink)
        figure.savefig(raw, format="png", dpi=PNG_DPI, facecolor=LIGHT.paper, metadata={"Software": None})
    return raw.getvalue()


@contextmanager
def _drawn(chart: Chart, colours: Colours) -> Iterator[Figure]:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(cast(Any, _settings(chart.name, colours))), warnings.catch_warnings():
        # A category in Chinese: the browser has the letters, whatever matplotlib's own font lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        size = (chart.width / POINTS_PER_INCH, chart.height / POINTS_PER_INCH)
        figure = Figure(figsize=size, dpi=POINTS_PER_INCH, layout="constrained")
        chart.draw(Pen(figure, colours))
        yield figure


def _settings(name: str, colours: Colours) -> dict[str, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": name,
        "text.parse_math": False,
        "font.family": ["DejaVu Sans"],
        "font.size": 10.5,
        "text.color": colours.ink,
        "axes.facecolor": "none",
        "axes.edgecolor": colours.line,
        "axes.labelcolor": colours.muted,
        "axes.labelsize": 10.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.spines.left": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "grid.color": colours.line,
        "grid.linewidth": 0.8,
        "xtick.color": colours.line,
        "ytick.color": colours.line,
        "xtick.labelcolor": colours.muted,
        "ytick.labelcolor": colours.muted,
        "xtick.labelsize": 10,
        "ytick.labelsize": 10,
        "ytick.major.size": 0,
        "xtick.major.size": 3,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
        "legend.frameon": False,
        "legend.fontsize": 10,
        "legend.labelcolor": colours.ink,
        "legend.handlelength": 1.4,
        "savefig.facecolor": colours.paper,
        "figure.constrained_layout.w_pad": 0.04,
        "figure.constrained_layout.h_pad": 0.04,
    }


def _for_page(raw: str, chart: Chart) -> str:
    body = raw[raw.index("<svg") :]
    inside = body[body.index(">") + 1 :]
    for colour, variable in VARIABLES.items():
        inside = inside.replace(colour, variable)
    inside = _own_ids(inside, chart.name)
    # The page's own fonts, and its own style sheet: one inside an SVG would apply to the whole page.
    inside = re.sub(r"font-family: [^;\"]*;? ?", "", inside)
    inside = re.sub(r"<style.*?</style>", "", inside, flags=re.DOTALL)
    inside = re.sub(r' transform="rotate\(-0 [^"]*"', "", inside)
    inside = re.sub(r' (?:d|x|y|transform)="[^"]*"', lambda found: _rounded(found.group()), inside)
    inside = re.sub(r">\s+<", "><", inside)
    return (
        f'<svg viewBox="0 0 {chart.width} {chart.height}" role="img" '
        f'aria-labelledby="{chart.name}-title {chart.name}-says">'
        f'<title id="{chart.name}-title">{escape(chart.title)}</title>'
        f'<desc id="{chart.name}-says">{escape(chart.says)}</desc>{inside.strip()}'
    )


def _own_ids(body: str, name: str) -> str:
    """Ids that something refers to, made this chart's own; others are dropped, as every chart has them."""
    used = set(re.findall(REFERENCE, body))

    def kept(found: re.Match[str]) -> str:
        if found[1] == HALO:
            return f' class="{HALO}"'
        return f' id="{name}-{found[1]}"' if found[1] in used else ""

    body = re.sub(r' id="([^"]*)"', kept, body)
    return re.sub(REFERENCE, lambda found: found[0].replace("#", f"#{name}-"), body)


def _rounded(path: str) -> str:
    """Coordinates with two decimals: a hundredth of a pixel is not seen."""
    short = re.sub(r"\d+\.\d+", lambda number: f"{float(number.group()):.2f}".rstrip("0").rstrip("."), path)
    return re.sub(r"\s*\n", " ", short)
