"""The dashboard's application: `streamlit run dashboard/asgi.py`.

Streamlit finds `app` by reading this file, so it is built here in one plain call.
"""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool

from dashboard.error_frame import show_error
from dashboard.front_door import error_handlers, middleware, routes
from dashboard.services import close_services, services
from dashboard.steady_theme import keep_theme
from jobs.workbench.workplace import remove_left_workplaces
from storage.errors import SettingsError
from storage.logs import configure_logs

_MOST_UNSWEPT = 50_000
"""New objects between two looks for cycles among the youngest. A run makes thousands, of which none
are left: with Python's own 700 a tenth of a page's CPU went into looking."""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """Open the services before the first request, so that a wrong setting stops the start."""
    _check_trusted_header()
    keep_theme()
    gc.set_threshold(_MOST_UNSWEPT, *gc.get_threshold()[1:])
    opened = await run_in_threadpool(services)
    configure_logs("dashboard", opened.settings.log_level)
    await run_in_threadpool(remove_left_workplaces, opened.settings.workbench_folder)
    try:
        yield
    finally:
        close_services()


def _check_trusted_header() -> None:
    """Raise when Streamlit did not read our configuration: nobody could sign in.

    Raises:
        SettingsError: `.streamlit/config.toml` of the studio is not in use.
    """
    if not st.get_option("server.trustedUserHeaders"):
        raise SettingsError(
            "Streamlit does not use the studio's .streamlit/config.toml.",
            todo="Start the dashboard in the studio's folder, or with `studio dashboard`.",
        )


app = st.App(
    Path(__file__).with_name("app.py"),
    lifespan=lifespan,
    routes=routes(),
    middleware=middleware(),
    exception_handlers=error_handlers(),
    on_script_error=show_error,
)
