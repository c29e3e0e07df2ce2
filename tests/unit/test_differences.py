from hypothesis import given
from hypothesis import strategies as st

from dashboard.differences import Row, is_unmarked, marked_texts

SLOW = "The sneaker turns slowly, in soft light"
FAST = "The sneaker turns quickly, in hard light"


def marks(text: list[tuple[str, bool]]) -> list[str]:
    return [words for words, differs in text if differs]


def test_words_that_differ_are_marked_in_both() -> None:
    slow, fast = marked_texts([SLOW, FAST])
    assert (marks(slow), marks(fast)) == (["slowly", "soft"], ["quickly", "hard"])


def test_the_first_is_marked_where_any_other_departs_from_it() -> None:
    first, same, other = marked_texts([SLOW, SLOW, FAST])
    assert marks(first) == ["slowly", "soft"]
    assert marks(same) == []
    assert marks(other) == ["quickly", "hard"]


def test_words_in_a_row_are_one_mark() -> None:
    _, longer = marked_texts(["The sneaker turns", "The sneaker turns while confetti falls"])
    assert marks(longer) == ["while confetti falls"]


def test_capitals_and_spaces_make_no_difference() -> None:
    assert [marks(one) for one in marked_texts(["A  Red\nshoe", "a red shoe"])] == [[], []]


def test_texts_with_little_in_common_are_not_marked() -> None:
    slow, fast, coffee = marked_texts([SLOW, FAST, "Steam rises from the cup, slowly"])
    assert (marks(slow), marks(coffee)) == (["slowly", "soft"], [])
    assert marks(fast) == ["quickly", "hard"]


def test_whether_texts_are_left_unmarked_is_told() -> None:
    assert is_unmarked([SLOW, FAST, "Steam rises from the cup, slowly"])
    assert not is_unmarked([SLOW, FAST])
    assert not is_unmarked([SLOW, SLOW.upper()])


def test_nothing_to_compare_is_nothing() -> None:
    assert marked_texts([]) == []
    assert marked_texts(["", ""]) == [[], []]
    assert not is_unmarked([])
    assert not is_unmarked(["", ""])


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_no_letter_is_lost_and_equal_texts_have_no_marks(texts: list[str]) -> None:
    found = marked_texts(texts)
    assert ["".join(words for words, _ in parts) for parts in found] == texts
    if len(set(texts)) == 1:
        assert not any(marks(parts) for parts in found)


def test_a_row_differs_when_one_value_does() -> None:
    assert Row("Model", ("Lite", "Lite", "Pro")).differs
    assert not Row("Model", ("Lite", "Lite")).differs
