"""The few pages that the server renders itself: they work without JavaScript and without a session.

Templates are in `templates/`, escaped by default.
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from dashboard.services import services

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status: int = 200, problem: str = "", **values: object) -> HTMLResponse:
    """A page; `problem` is what went wrong before, in a person's words, empty when nothing did."""
    company = services().settings.company
    html = _TEMPLATES.get_template(template).render(company=company, problem=problem, **values)
    return HTMLResponse(html, status, headers={"cache-control": "no-store"})
