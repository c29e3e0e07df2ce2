"""What is written in the colours of the theme can be read: WCAG 2.2, 1.4.3, asks for 4.5 : 1."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

THEMES = tomllib.loads(Path(".streamlit/config.toml").read_text("utf-8"))["theme"]
CAPTION_SHARE = 0.6
"""Streamlit draws captions as text that lets so much less of the background through."""


def channels(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(parts: list[float]) -> float:
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_caption_stands_out_from_the_page(name: str) -> None:
    text, page = (channels(THEMES[name][key]) for key in ("textColor", "backgroundColor"))
    shown = [a * CAPTION_SHARE + b * (1 - CAPTION_SHARE) for a, b in zip(text, page, strict=True)]
    lighter, darker = sorted((luminance(shown), luminance(page)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5
