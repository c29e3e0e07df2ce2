from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event

import pytest

from dashboard.keeping import Kept, KeptBriefly


def test_a_thing_is_made_once() -> None:
    kept, numbers = Kept[int](10), count()
    assert [kept.get("a", lambda: next(numbers)) for _ in range(3)] == [0, 0, 0]


def test_another_key_is_another_thing() -> None:
    kept = Kept[str](10)
    assert kept.get(("costs", 1), lambda: "mine") == "mine"
    assert kept.get(("costs", 2), lambda: "theirs") == "theirs"


def test_what_was_asked_for_longest_ago_goes_first() -> None:
    kept = Kept[str](2)
    for key in ("a", "b", "a", "c"):
        kept.get(key, lambda: "old")
    assert len(kept) == 2
    assert [kept.get(key, lambda: "new") for key in ("a", "b")] == ["old", "new"]


def test_many_who_ask_at_once_wait_for_one_who_makes_it() -> None:
    kept, numbers, asked = Kept[int](10), count(), Event()

    def make() -> int:
        asked.wait(5)
        return next(numbers)

    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(kept.get, "a", make) for _ in range(4)]
        asked.set()
    assert [one.result() for one in found] == [0] * 4


def test_what_could_not_be_made_is_tried_again() -> None:
    kept = Kept[int](10)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: 1) == 1


class Clock:
    now = 1.0

    def __call__(self) -> float:
        return self.now


def briefly(clock: Clock) -> tuple[list[str], KeptBriefly[[str], str]]:
    """What was read, and a function that keeps its answers for two seconds."""
    asked: list[str] = []

    def read(who: str) -> str:
        asked.append(who)
        return f"for {who}"

    return asked, KeptBriefly(read, seconds=2, most=10, clock=clock)


def test_the_same_is_asked_once_in_a_while() -> None:
    clock = Clock()
    asked, read = briefly(clock)
    assert [read("Ann"), read("Ben"), read("Ann")] == ["for Ann", "for Ben", "for Ann"]
    clock.now += 2
    read("Ann")
    read.clear()
    read("Ben")
    assert asked == ["Ann", "Ben", "Ann", "Ben"]


def test_an_error_is_not_kept() -> None:
    left = [1]
    read = KeptBriefly(lambda: left.pop(), seconds=2, most=10)
    assert read() == 1
    read.clear()
    with pytest.raises(IndexError):
        read()
    left.append(2)
    assert read() == 2
