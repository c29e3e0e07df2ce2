"""The theme, worked out once.

Streamlit 1.67 tells the browser the theme at the beginning of each run, and gathers it from all its
settings each time (`runtime/app_session.py`): an eighth of the CPU of a small page. The settings do
not change while the dashboard runs, so what was gathered first is told again.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

Gather = Callable[[CustomThemeConfig, str], None]
_GATHER = "_populate_theme_msg"


def keep_theme() -> None:
    """Have Streamlit gather the theme once for this process. Safe to repeat.

    Another Streamlit may gather it in another way; then this does nothing.
    """
    gather: Gather | None = getattr(app_session, _GATHER, None)
    if gather is not None and gather.__module__ != __name__:
        setattr(app_session, _GATHER, gathered_once(gather))


def gathered_once(gather: Gather) -> Gather:
    """The same, asked once for each section of the settings."""

    @cache
    def told(section: str) -> bytes:
        found = CustomThemeConfig()
        gather(found, section)
        written: bytes = found.SerializeToString()
        return written

    def tell(theme: CustomThemeConfig, section: str = "theme") -> None:
        # Even nothing, when it is merged, would make a section one that was set.
        if found := told(section):
            theme.MergeFromString(found)

    return tell
