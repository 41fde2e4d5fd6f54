"""Templates, style sheet and charts put together: one HTML file that needs nothing from anywhere."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from training.report.canvas import Chart, svg
from training.report.colours import DARK, LIGHT, css_variables

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **context: Any) -> bytes:
    """A page as UTF-8. Everything in `context` is text to be shown, never markup."""
    return _templates().get_template(template).render(context).encode()


@cache
def _templates() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    def inline(chart: Chart) -> Markup:
        return Markup(svg(chart))  # noqa: S704 - matplotlib escapes the text inside

    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["svg"] = inline
    templates.globals["style"] = Markup(_style())  # noqa: S704 - a file of ours
    return templates


def _style() -> str:
    text = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    return text.replace("@LIGHT@", css_variables(LIGHT)).replace("@DARK@", css_variables(DARK))
