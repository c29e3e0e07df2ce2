from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.components.change_words import change_words, is_change


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        (3, 2, "+50.0 %"),
        (Decimal("0.5"), Decimal(1), "-50.0 %"),
        (2.0001, 2, "0 %"),
        (Decimal("10.99"), Decimal(1), "+999.0 %"),
        (11, 1, "× 11"),
        (Decimal("19713.3"), Decimal(100), "× 197"),
        (4_000_000, 1, "× 4,000,000"),
        (1, 0, None),
        (None, 1, None),
        (1, None, None),
    ],
)
def test_a_change_is_in_per_cent_until_it_is_many_times_as_much(
    now: Decimal | float | None, then: Decimal | float | None, words: str | None
) -> None:
    assert change_words(now, then) == words


def test_what_stayed_the_same_is_no_change() -> None:
    assert [is_change(words) for words in ("+1", "-1.0 %", "× 12")] == [True] * 3
    assert [is_change(words) for words in ("0 %", "0", None)] == [False] * 3


@given(st.decimals("0.01", 10**6, places=2), st.decimals("0.01", 10**6, places=2))
def test_only_what_became_less_begins_with_a_minus(now: Decimal, then: Decimal) -> None:
    words = change_words(now, then)
    assert words is not None
    if abs(now - then) > then / 1000:
        assert words.startswith("-") == (now < then)
    assert len(words) <= len("× 100,000,000")
