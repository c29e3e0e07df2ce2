"""How long a real Chromium takes until a page stands there, charts and all.

Playwright drives it, which the tests need and a studio at work does not (`pip install .[dev]`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from dashboard.session_cookie import COOKIE
from jobs.bench.figures import percentile, rounded
from storage.errors import StudioError

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PATIENCE_MS = 30_000
_WIDTH, _HEIGHT = 1280, 900
_STANDS = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const charts = [...document.querySelectorAll('[data-testid=stPlotlyChart]')];
    const stands = app?.dataset.testScriptState === 'notRunning'
        && document.querySelector('[data-testid=stMain] [data-testid=stElementContainer]')
        && document.querySelector('[data-testid=stMain]').innerText !== window.left
        && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')
        && charts.every(chart => chart.querySelector('.main-svg'));
    return stands && performance.now() - (window.leftAt ?? 0);
}"""
"""Milliseconds since the navigation began, or since `_LEAVE`, once everything is drawn."""
_LEAVE = """() => {
    window.left = document.querySelector('[data-testid=stMain]').innerText;
    window.leftAt = performance.now();
}"""
"""From now on, what still stands there of this page does not count."""
_OTHER_LINK = "[data-testid=stTopNavLink]:not([href$='/{name}'])"


def draw_pages(
    port: int, token: str, pages: Mapping[str, str], times: int
) -> dict[str, dict[str, Any]]:
    """Milliseconds until each page stands in Chromium.

    `first_ms` is the first visit; `back_ms` a return to it from another page, and `reload_ms` the
    whole of Streamlit loaded anew: both the middle of so many `times`. `pages` are names with the
    query of their address.

    Raises:
        StudioError: there is no Chromium or no Playwright, or a page does not come to stand.
    """
    with _browsing(port, token) as page:
        page.goto(f"http://127.0.0.1:{port}/gallery")
        page.wait_for_function(_STANDS)
        return {
            name: _drawn(page, name, f"http://127.0.0.1:{port}/{name}?{query}", times)
            for name, query in pages.items()
        }


def _drawn(page: Page, name: str, url: str, times: int) -> dict[str, Any]:
    found = {
        "first_ms": [_loaded_ms(page, url)],
        "back_ms": [_back_ms(page, name) for _ in range(times)],
        "reload_ms": [_loaded_ms(page, url) for _ in range(times)],
    }
    return {name: rounded(percentile(took, 0.5), 0) for name, took in found.items()}


def _loaded_ms(page: Page, url: str) -> float:
    page.goto("about:blank")
    page.goto(url, wait_until="commit")
    return float(page.wait_for_function(_STANDS).json_value())


def _back_ms(page: Page, name: str) -> float:
    """From the page of this name to another one and back, without loading anything anew."""
    page.evaluate(_LEAVE)
    page.locator(_OTHER_LINK.format(name=name)).first.click()
    page.wait_for_function(_STANDS)
    page.evaluate(f"({_LEAVE})(); history.back()")
    return float(page.wait_for_function(_STANDS).json_value())


@contextmanager
def _browsing(port: int, token: str) -> Iterator[Page]:
    if find_spec("playwright") is None:
        raise StudioError("Playwright is not installed.", todo="Install the extra `dev`.")
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            # Its socket's path must be short, whatever folder the bench works in.
            env: dict[str, str | float | bool] = {**os.environ}
            env.pop("TMPDIR", None)
            browser = playwright.chromium.launch(
                executable_path=_chromium(), timeout=_PATIENCE_MS, env=env
            )
            context = browser.new_context(viewport={"width": _WIDTH, "height": _HEIGHT})
            context.set_default_timeout(_PATIENCE_MS)
            context.add_cookies(
                [{"name": COOKIE, "value": token, "url": f"http://127.0.0.1:{port}"}]
            )
            yield context.new_page()
            browser.close()
        except Error as exc:
            raise StudioError(f"Chromium could not draw the page: {exc.message}") from exc


def _chromium() -> str | None:
    """What the tests draw with; None: the one that Playwright has installed."""
    return os.environ.get("STUDIO_CHROMIUM") or shutil.which("chromium")
