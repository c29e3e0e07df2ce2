"""What a worker does when a bell rings: work until there is none left, for a bounded time.

These are the process edges: whatever a step did not foresee is logged with the generation's id and
leaves the record as it was; the lease runs out and the watcher's sweep decides.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import structlog

from jobs.bootstrap import Services
from jobs.collecting import collect_next
from jobs.export_building import build_next
from jobs.rendering import render_next
from jobs.steps import Step, reached
from jobs.submitting import submit_next

log = structlog.get_logger(__name__)

LISTEN_FOR_S = 60.0
"""A bell keeps a worker busy about that long; more work rings again."""

_services: ContextVar[Services] = ContextVar("services")
"""The worker's: RQ calls what follows by name and can hand nothing over."""


@contextmanager
def answering(services: Services) -> Iterator[None]:
    """Bells that are answered within the block are answered with these services."""
    token = _services.set(services)
    try:
        yield
    finally:
        _services.reset(token)


def answer_submit() -> int:
    """Submit what may be submitted now; how many."""
    return _work(submit_next)


def answer_collect() -> int:
    """Collect what fal has completed; how many."""
    return _work(collect_next)


def answer_media() -> int:
    """Build the zips that people wait for, and render what is pending; how many turns."""
    return _work(build_and_render_next)


def build_and_render_next(services: Services) -> bool:
    """The next zip, for which somebody sits and waits, then the next renditions: however many
    there are of the one, they never keep the other from its turn. False when there was neither."""
    built = build_next(services)
    return render_next(services) or built


def _work(step: Callable[[Services], bool]) -> int:
    reached(Step.BELL_HEARD)
    done, deadline = 0, time.monotonic() + LISTEN_FOR_S
    try:
        while time.monotonic() < deadline and step(_services.get()):
            done += 1
    except Exception:
        log.exception("step failed", step=step.__name__)
        raise
    reached(Step.BELL_ANSWERED)
    return done
