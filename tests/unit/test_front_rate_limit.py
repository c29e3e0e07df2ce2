import pytest

from dashboard import rate_limit
from dashboard.rate_limit import SlidingWindow


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_the_window_slides() -> None:
    clock = Clock()
    window = SlidingWindow(2, 60, clock=clock)
    assert window.take("a") == 0
    clock.now_s += 20
    assert [window.take("a"), window.take("a")] == [0, 40]
    clock.now_s += 40
    assert [window.take("a"), window.take("a")] == [0, 20]


def test_keys_are_counted_apart() -> None:
    window = SlidingWindow(1, 60)
    assert window.take("a") == 0
    assert window.take("b") == 0
    assert window.take("a") > 0


def test_a_cleared_key_begins_anew() -> None:
    window = SlidingWindow(1, 60)
    window.take("a")
    window.clear("a")
    assert window.take("a") == 0


def test_a_try_given_back_does_not_count() -> None:
    window = SlidingWindow(1, 60)
    for _ in range(3):
        assert window.take("a") == 0
        window.give_back("a")
    window.give_back("unknown")


def test_made_up_keys_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "MOST_KEYS", 3)
    window = SlidingWindow(1, 60)
    for key in range(10):
        window.take(key)
    assert len(window._tries) == 3
