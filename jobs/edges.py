"""The edge of a worker's step: what nobody foresaw is logged and counts as a try.

Without it a generation that meets a mistake of ours would meet it again every half minute for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from jobs.errors import IllegalTransition, UnforeseenFault
from storage.errors import RecordError

log = structlog.get_logger(__name__)

MAX_UNFORESEEN = 5
"""Tries of a step that fails in a way nobody foresaw; then the generation fails as our bug."""


@contextmanager
def step_edge(settle: Callable[[UnforeseenFault], None]) -> Iterator[None]:
    """Run a step; `settle` decides what becomes of the generation after an unforeseen error.

    A lost lease ends the step in peace. While the record can't be reached nothing can be decided:
    that error passes, the lease runs out, and the step is done anew.
    """
    try:
        yield
    except IllegalTransition:
        log.info("stopped, or taken over by another worker")
    except RecordError:
        raise
    except Exception as exc:
        log.exception("the step failed in a way nobody foresaw")
        settle(UnforeseenFault(exc))
