"""Keeping a lease alive while the work goes on."""

from __future__ import annotations

import threading

import pytest

from jobs import leases
from jobs.leases import BEAT_S, LEASE_S, kept_alive
from storage.errors import RecordUnavailable

WITHIN_S = 20


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT_S", 0.001)


def test_three_beats_may_be_lost() -> None:
    assert 3 * BEAT_S < LEASE_S


def test_a_lease_is_renewed_until_the_work_is_done() -> None:
    renewed = threading.Semaphore(0)

    def renew(lease_s: float) -> bool:
        assert lease_s == LEASE_S
        renewed.release()
        return True

    with kept_alive(renew):
        for _ in range(3):
            assert renewed.acquire(timeout=WITHIN_S)
    assert not beating()


def test_a_beat_that_can_not_reach_the_record_is_followed_by_another() -> None:
    tried = threading.Semaphore(0)

    def renew(_: float) -> bool:
        tried.release()
        raise RecordUnavailable("The database can't be reached.")

    with kept_alive(renew):
        for _ in range(3):
            assert tried.acquire(timeout=WITHIN_S)
    assert not beating()


def test_a_lost_lease_is_not_renewed_again() -> None:
    calls: list[float] = []

    def renew(lease_s: float) -> bool:
        calls.append(lease_s)
        return False

    with kept_alive(renew):
        for thread in beating():
            thread.join(WITHIN_S)
    assert len(calls) == 1


def test_the_beat_ends_when_the_work_fails() -> None:
    with pytest.raises(ValueError, match="work"), kept_alive(lambda _: True):
        raise ValueError("work")
    assert not beating()


def beating() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "lease"]
