from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.motion import fixes_camera, motion_band, sent_prompt

intensities = st.floats(0, 1)


@pytest.mark.parametrize(
    ("intensity", "name"),
    [
        (0, "Subtle"),
        (0.19, "Subtle"),
        (0.2, "Gentle"),
        (0.39, "Gentle"),
        (0.4, "Balanced"),
        (0.5, "Balanced"),
        (0.6, "Balanced"),
        (0.61, "Lively"),
        (0.8, "Lively"),
        (0.81, "Dynamic"),
        (1, "Dynamic"),
    ],
)
def test_the_slider_goes_from_subtle_to_dynamic(intensity: float, name: str) -> None:
    assert motion_band(intensity).name == name


def test_the_middle_of_the_slider_sends_the_prompt_as_it_is() -> None:
    assert sent_prompt("A bottle turns", 0.5) == "A bottle turns"


def test_the_ends_of_the_slider_add_their_words() -> None:
    assert sent_prompt("A bottle turns", 1) == "A bottle turns. Dynamic, fast, powerful movement."
    assert sent_prompt("A bottle!", 0.1) == "A bottle! Subtle, slow, barely noticeable movement."


def test_no_motion_at_all_also_asks_for_a_still_camera() -> None:
    assert fixes_camera(0)
    assert not fixes_camera(0.01)
    assert "The camera stays still." in sent_prompt("A bottle turns", 0)


def test_words_that_dont_fit_are_left_off_the_end() -> None:
    prompt = "x" * 100
    assert sent_prompt(prompt, 1, 117) == prompt + ". Dynamic, fast"
    assert sent_prompt(prompt, 1, 103) == prompt
    assert sent_prompt(prompt, 1, 100) == prompt


@given(st.text(max_size=300), intensities, st.integers(0, 400))
def test_the_persons_words_are_always_sent_in_full(
    prompt: str, intensity: float, limit: int
) -> None:
    sent = sent_prompt(prompt, intensity, limit)
    assert sent.startswith(prompt)
    assert len(sent) <= max(limit, len(prompt))
