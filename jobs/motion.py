"""How much movement a person wants, said in words that Seedance understands.

Seedance has no parameter for the strength of motion. The slider therefore adds a sentence to the
prompt that is sent, and at its lowest end also fixes the camera where the model has that switch.
The person's own prompt is kept apart and never shortened.

    motion intensity   band       what is added
    0                  Subtle     its words, and the camera is fixed
    below 0.2          Subtle     Subtle, slow, barely noticeable movement.
    below 0.4          Gentle     Gentle, calm, smooth movement.
    0.4 to 0.6         Balanced   nothing
    to 0.8             Lively     Lively, energetic movement.
    above 0.8          Dynamic    Dynamic, fast, powerful movement.
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_MOTION_INTENSITY = 0.5

_FIXED_CAMERA = "The camera stays still."
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")


@dataclass(frozen=True)
class MotionBand:
    """A stretch of the slider with one meaning."""

    name: str
    words: str
    """The sentence added to the prompt; empty for none."""


SUBTLE = MotionBand("Subtle", "Subtle, slow, barely noticeable movement.")
GENTLE = MotionBand("Gentle", "Gentle, calm, smooth movement.")
BALANCED = MotionBand("Balanced", "")
LIVELY = MotionBand("Lively", "Lively, energetic movement.")
DYNAMIC = MotionBand("Dynamic", "Dynamic, fast, powerful movement.")


def motion_band(motion_intensity: float) -> MotionBand:
    """The band of an intensity from 0 to 1."""
    if motion_intensity < 0.2:
        return SUBTLE
    if motion_intensity < 0.4:
        return GENTLE
    if motion_intensity <= 0.6:
        return BALANCED
    return LIVELY if motion_intensity <= 0.8 else DYNAMIC


def fixes_camera(motion_intensity: float) -> bool:
    """Whether the intensity asks for a camera that does not move."""
    return motion_intensity == 0


def sent_prompt(prompt: str, motion_intensity: float, max_length: int = 2500) -> str:
    """The prompt that fal gets: the person's own, then the words for the motion.

    It has at most `max_length` characters. When there is no room, whole words are left off the end
    of what is added; the person's prompt is always there in full.
    """
    added = motion_band(motion_intensity).words
    if fixes_camera(motion_intensity):
        added = f"{_FIXED_CAMERA} {added}"
    if not added:
        return prompt
    joint = " " if prompt.endswith(_SENTENCE_ENDS) else ". "
    return prompt + _fitting_words(joint + added, max_length - len(prompt))


def _fitting_words(text: str, room: int) -> str:
    """`text`, without the last words when it has more than `room` characters."""
    if len(text) <= room:
        return text
    kept, _, _ = text[: max(room, 0) + 1].rpartition(" ")
    return kept.rstrip(" .,")
