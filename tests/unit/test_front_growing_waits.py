import pytest

from dashboard import growing_waits
from dashboard.growing_waits import FORGOTTEN_AFTER_S, LONGEST_WAIT_S, GrowingWaits
from storage.redaction import redact


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def waits(clock: Clock) -> GrowingWaits:
    return GrowingWaits(2, clock=clock)


def test_the_first_tries_go_on_and_the_waits_after_them_double(
    waits: GrowingWaits, clock: Clock
) -> None:
    assert [waits.take("a"), waits.take("a")] == [0, 0]
    for wait_s in (2, 4, 8, 16):
        assert waits.take("a") == wait_s
        clock.now_s += wait_s
        assert waits.take("a") == 0


def test_to_ask_while_waiting_makes_the_wait_no_longer(waits: GrowingWaits) -> None:
    waits.take("a")
    waits.take("a")
    assert {waits.take("a") for _ in range(50)} == {2}


def test_no_wait_is_longer_than_a_quarter_of_an_hour(waits: GrowingWaits, clock: Clock) -> None:
    for _ in range(2000):
        clock.now_s += LONGEST_WAIT_S
        assert waits.take("a") == 0
    assert waits.take("a") == LONGEST_WAIT_S


def test_keys_wait_for_themselves(waits: GrowingWaits) -> None:
    for _ in range(3):
        waits.take("a")
    assert (waits.take("a"), waits.take("b")) == (2, 0)


def test_who_knows_begins_anew(waits: GrowingWaits) -> None:
    for _ in range(3):
        waits.take("a")
    waits.clear("a")
    assert waits.take("a") == 0


def test_a_try_that_is_given_back_counts_for_nothing(waits: GrowingWaits) -> None:
    for _ in range(20):
        assert waits.take("a") == 0
        waits.give_back("a")
    waits.give_back("never seen")


def test_tries_are_forgotten_after_a_while(waits: GrowingWaits, clock: Clock) -> None:
    for _ in range(3):
        waits.take("a")
    clock.now_s += FORGOTTEN_AFTER_S + 1
    assert [waits.take("a"), waits.take("a")] == [0, 0]


def test_made_up_keys_do_not_fill_the_memory(
    waits: GrowingWaits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_waits, "MOST_KEYS", 10)
    for number in range(100):
        waits.take(number)
    assert len(waits._tries) == 10


def test_the_token_of_a_link_never_reaches_a_log() -> None:
    assert redact(f"GET /s/{'aZ_-' * 10}xyz/media/web 200") == "GET /s/[hidden]/media/web 200"
