"""Counts and shares in words, so that small numbers look like small numbers."""

from __future__ import annotations

from dashboard.components.change_words import change_words

FEW = 5
"""A share of fewer says little: it is written as what it was made of."""
ENOUGH = 20
"""A change from fewer is written as a number: one more than two is not a rise by half."""
NOTHING = "—"


def share_words(part: int, whole: int) -> str:
    """`87 %`; of fewer than `FEW`, `3 of 4`; of none, a dash."""
    if not whole:
        return NOTHING
    if whole < FEW:
        return f"{part} of {whole}"
    return f"{part / whole * 100:.0f} %"


def share_change(now: tuple[int, int], then: tuple[int, int] | None) -> str | None:
    """By how many points a share changed; None where either is of too few to be one."""
    if then is None or min(now[1], then[1]) < FEW:
        return None
    points = round((now[0] / now[1] - then[0] / then[1]) * 100, 1)
    return f"{points:+} points" if points else "0 points"


def count_change(now: int, then: int) -> str:
    """As `change_words`; from fewer than `ENOUGH`, `+2`."""
    if now == then:
        return "0"
    words = None if then < ENOUGH else change_words(now, then)
    return words or f"{now - then:+,}"


def counted(number: int, one: str) -> str:
    """`1 person`, `2 videos`."""
    many = "people" if one == "person" else f"{one}s"
    return f"{number:,} {one if number == 1 else many}"
