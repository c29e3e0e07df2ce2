import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any
from uuid import UUID

import pytest
import structlog
from structlog.testing import capture_logs

from jobs import leases
from jobs.leases import kept_alive
from jobs.log_words import about

GENERATION, ATTEMPT, PERSON = (UUID(int=number) for number in (1, 2, 3))
NAMED = {"generation": str(GENERATION), "attempt": str(ATTEMPT), "person": str(PERSON)}


def logged(act: Callable[[], None]) -> list[dict[str, Any]]:
    """What `act` logs, with the words that are bound."""
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        copy_context().run(act)
    return [dict(line) for line in lines]


def test_lines_inside_carry_the_ids_and_lines_after_do_not() -> None:
    log = structlog.get_logger()

    def act() -> None:
        with about(GENERATION, person_id=PERSON):
            with about(GENERATION, attempt_id=ATTEMPT):
                log.info("in the attempt")
            log.info("after it")
        log.info("outside")

    inner, after, outside = logged(act)
    assert inner.items() >= NAMED.items()
    assert "attempt" not in after
    assert after["person"] == NAMED["person"]
    assert not outside.keys() & NAMED.keys()


def test_an_exception_takes_the_ids_along() -> None:
    with pytest.raises(ValueError, match="odd") as caught, about(GENERATION, attempt_id=ATTEMPT):
        raise ValueError("odd")
    assert caught.value.__notes__ == [f"generation={GENERATION} attempt={ATTEMPT}"]


def test_the_thread_that_keeps_a_lease_says_whose_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT_S", 0.001)
    asked = threading.Event()

    def refuse(_lease_s: float) -> bool:
        asked.set()
        return False

    def act() -> None:
        with about(GENERATION, person_id=PERSON, attempt_id=ATTEMPT), kept_alive(refuse):
            assert asked.wait(10)

    (line,) = logged(act)
    assert line["event"] == "lease lost"
    assert line.items() >= NAMED.items()
