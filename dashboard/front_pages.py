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
    html = render(template, problem=problem, **values)
    return HTMLResponse(html, status, headers={"cache-control": "no-store"})


def render(template: str, **values: object) -> str:
    """The HTML of a template, which also knows the company's name."""
    company = services().settings.company
    return _TEMPLATES.get_template(template).render(company=company, **values)


def source_of(template: str) -> str:
    """A template as it is written, for style sheets and scripts that stand within a page.

    Raises:
        jinja2.TemplateNotFound: there is none of this name.
    """
    folder = Path(__file__).with_name("templates")
    return FileSystemLoader(folder).get_source(_TEMPLATES, template)[0]
