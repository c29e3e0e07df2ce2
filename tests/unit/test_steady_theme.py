from collections.abc import Iterator

import pytest
from streamlit import config
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

from dashboard.steady_theme import Gather, gathered_once, keep_theme

SECTIONS = ("theme", "theme.light", "theme.dark", "theme.sidebar", "theme.light.sidebar")


@pytest.fixture
def settings() -> Iterator[None]:
    """Some settings of a theme; the others are not set."""
    wanted = {"theme.font": "Inter", "theme.light.primaryColor": "#4f46e5"}
    before = {name: config.get_option(name) for name in wanted}
    for name, value in wanted.items():
        config.set_option(name, value)
    yield
    for name, old in before.items():
        config.set_option(name, old)


def told(gather: Gather) -> CustomThemeConfig:
    """The theme as a browser is told it."""
    theme = CustomThemeConfig()
    for section in SECTIONS:
        part = theme
        for name in section.split(".")[1:]:
            part = getattr(part, name)
        gather(part, section)
    return theme


@pytest.mark.usefixtures("settings")
def test_the_browser_is_told_the_same() -> None:
    plain: Gather = app_session._populate_theme_msg
    kept = gathered_once(plain)
    first, second = told(kept), told(kept)
    assert first == second == told(plain)
    assert first.light.primary_color == "#4f46e5"
    assert not first.HasField("sidebar")


def test_it_is_kept_once_however_often_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_session, "_populate_theme_msg", app_session._populate_theme_msg)
    plain = app_session._populate_theme_msg
    keep_theme()
    kept = app_session._populate_theme_msg
    keep_theme()
    assert kept is app_session._populate_theme_msg
    assert kept is not plain
