"""The services of this process: one set for HTTP routes and Streamlit scripts alike.

Streamlit runs scripts in threads of the server's process and imports modules once, so this module
is the same one on both sides.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from dashboard.live_sessions import LiveSessions
from jobs.bootstrap import Services, open_services
from storage.settings import load_settings

_lock = threading.Lock()


@dataclass(frozen=True)
class _Opened:
    services: Services
    sessions: LiveSessions


_opened: _Opened | None = None


def services() -> Services:
    """The services that the environment describes, opened at the first call.

    Raises:
        SettingsError: the environment does not describe them.
    """
    return _ensure_open().services


def live_sessions() -> LiveSessions:
    """Who is signed in, by the record of `services()`."""
    return _ensure_open().sessions


def install(new: Services, sessions: LiveSessions | None = None) -> None:
    """Use these services from now on; the caller keeps and closes them."""
    global _opened
    with _lock:
        _opened = _Opened(new, sessions or LiveSessions(new.database))


def close_services() -> None:
    """Close what is open. Safe to repeat; the next use opens anew."""
    global _opened
    with _lock:
        opened, _opened = _opened, None
    if opened is not None:
        opened.services.close()


def _ensure_open() -> _Opened:
    global _opened
    with _lock:
        if _opened is None:
            opened = open_services(load_settings())
            _opened = _Opened(opened, LiveSessions(opened.database))
        return _opened
