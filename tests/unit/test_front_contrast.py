"""What is written in the colours of the theme can be read: WCAG 2.2, 1.4.3, asks for 4.5 : 1."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from dashboard.components.frame_style import CHOSEN_DARK, CHOSEN_LIGHT

THEMES = tomllib.loads(Path(".streamlit/config.toml").read_text("utf-8"))["theme"]
ENOUGH = 4.5
CAPTION_SHARE = 0.6
"""Streamlit draws captions as text that lets so much less of the background through."""
TINT_SHARE = 0.1
"""So much of the primary colour is in the ground of a chosen segment."""

Parts = list[float]


def channels(colour: str) -> Parts:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(parts: Parts) -> float:
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: Parts, other: Parts) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(top: Parts, ground: Parts, share: float) -> Parts:
    return [a * share + b * (1 - share) for a, b in zip(top, ground, strict=True)]


def colours(name: str, *keys: str) -> list[Parts]:
    return [channels(THEMES[name][key]) for key in keys]


def test_the_contrast_is_that_of_the_standard() -> None:
    assert contrast(channels("#000000"), channels("#ffffff")) == pytest.approx(21)
    assert contrast(channels("#777777"), channels("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_caption_stands_out_from_the_page(name: str) -> None:
    text, page = colours(name, "textColor", "backgroundColor")
    assert contrast(mixed(text, page, CAPTION_SHARE), page) >= ENOUGH


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("key", ["textColor", "linkColor"])
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
def test_words_and_links_stand_out(name: str, key: str, ground: str) -> None:
    assert contrast(*colours(name, key, ground)) >= ENOUGH


@pytest.mark.parametrize("name", ["light", "dark"])
def test_white_words_stand_out_from_a_button(name: str) -> None:
    assert contrast(channels("#ffffff"), *colours(name, "primaryColor")) >= ENOUGH


@pytest.mark.parametrize(("name", "colour"), [("light", CHOSEN_LIGHT), ("dark", CHOSEN_DARK)])
def test_a_chosen_segment_stands_out_from_its_ground(name: str, colour: str) -> None:
    primary, page = colours(name, "primaryColor", "backgroundColor")
    assert contrast(channels(colour), mixed(primary, page, TINT_SHARE)) >= ENOUGH
