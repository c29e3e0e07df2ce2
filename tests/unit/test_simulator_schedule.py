from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jobs.fal.simulator.schedule import GivenUp, Schedule, Started, Waiting


def schedule(concurrency: int, *waiting: Waiting) -> Schedule:
    return Schedule(concurrency, [], list(waiting))


def test_a_request_starts_when_it_is_ready() -> None:
    one = schedule(1, Waiting(1, 10.0, 5.0, None))
    assert one.advance(9.9) == []
    assert one.advance(12.0) == [Started(1, 10.0, 15.0)]


def test_the_next_starts_at_the_moment_a_place_became_free() -> None:
    two = schedule(1, Waiting(1, 0.0, 5.0, None), Waiting(2, 0.0, 5.0, None))
    assert two.advance(100.0) == [Started(1, 0.0, 5.0), Started(2, 5.0, 10.0)]


def test_a_deadline_passes_while_others_run() -> None:
    late = schedule(1, Waiting(1, 0.0, None, None), Waiting(2, 0.0, 1.0, 3.0))
    assert late.advance(2.9) == [Started(1, 0.0, None)]
    assert late.advance(3.0) == [GivenUp(2, 3.0)]


def test_a_deadline_behind_the_head_of_the_queue_passes_too() -> None:
    waiting = [Waiting(1, 0.0, None, None), Waiting(2, 0.0, 1.0, None), Waiting(3, 0.0, 1.0, 3.0)]
    late = schedule(1, *waiting)
    assert late.advance(5.0) == [Started(1, 0.0, None), GivenUp(3, 3.0)]
    assert late.position(2) == 0


def test_a_released_place_is_used_at_once() -> None:
    two = schedule(1, Waiting(1, 0.0, None, None), Waiting(2, 0.0, 1.0, None))
    two.advance(1.0)
    two.release(None, 4.0)
    assert two.advance(4.0) == [Started(2, 4.0, 5.0)]


def test_positions_count_those_before() -> None:
    three = schedule(1, *(Waiting(seq, 0.0, 1.0, None) for seq in (4, 7, 9)))
    three.remove(7)
    assert [three.position(seq) for seq in (4, 9)] == [0, 1]


@given(
    concurrency=st.integers(1, 4),
    runs=st.lists(st.tuples(st.floats(0, 10), st.floats(0, 5)), max_size=30),
    steps=st.lists(st.floats(0, 200), max_size=10),
)
def test_looking_often_or_once_gives_the_same_order_and_never_too_many_at_once(
    concurrency: int, runs: list[tuple[float, float]], steps: list[float]
) -> None:
    def requests() -> list[Waiting]:
        return [Waiting(seq, ready, run, None) for seq, (ready, run) in enumerate(runs)]

    once = Schedule(concurrency, [], requests()).advance(1000.0)
    often = Schedule(concurrency, [], requests())
    seen = [change for now in [*sorted(steps), 1000.0] for change in often.advance(now)]
    assert seen == once
    started = [change for change in once if isinstance(change, Started)]
    assert [change.seq for change in started] == list(range(len(runs)))
    for change in started:
        running = [s for s in started if s.at <= change.at < (s.until or 0)]
        assert len(running) <= concurrency
