"""How a figure has changed, in words."""

from __future__ import annotations

from decimal import Decimal

MOST_PERCENT = 1_000
"""From so much more on it is said how many times as much it is: `+19,613.3 %` tells nobody."""
_SIGNS = "+-×"


def change_words(now: Decimal | float | None, then: Decimal | float | None) -> str | None:
    """`+12.5 %`, `-3.0 %`, `0 %` or, of more than ten times as much, `× 197`.

    None where there is nothing to compare with. With a plain minus, by which Streamlit knows which
    way it goes.
    """
    if now is None or then is None or then <= 0:
        return None
    times = float(now) / float(then)
    share = round((times - 1) * 100, 1)
    if share >= MOST_PERCENT:
        return f"× {times:,.0f}"
    return f"{share:+,.1f} %" if share else "0 %"


def is_change(words: str | None) -> bool:
    """Whether they tell of more or less, which may be good or bad."""
    return words is not None and words[0] in _SIGNS
