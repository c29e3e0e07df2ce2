"""How long a submit can still cost money: until then its hold stays, whatever we know of it.

fal gives a request back unpaid when it has not started in time (fal docs, Queue API, Submit: the
header `X-Fal-Request-Timeout`), so a request that may have been booked is over after

    its start deadline + the longest run of its model + slack for the clocks

fal names no longest run. Ours is ten times the usual time of the model for a video of that length,
and at least half an hour: fal's busiest published runs took about three times the usual.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.fal.catalog import Catalog
from storage.models import Attempt

SHORTEST_LIMIT = timedelta(minutes=30)
TIMES_USUAL = 10
USUAL_VIDEO_S = 5
"""The catalogue's usual times are for videos of this length."""
CLOCK_SLACK = timedelta(minutes=5)
"""How far fal's clock may be from ours."""


def longest_run(catalog: Catalog, model: str, duration_s: int) -> timedelta:
    """The longest that fal can take over a video of that length, once it has started."""
    usual_s = catalog.usual_s(model) * max(duration_s / USUAL_VIDEO_S, 1.0)
    return max(SHORTEST_LIMIT, timedelta(seconds=TIMES_USUAL * usual_s))


def chargeable_until(attempt: Attempt, catalog: Catalog, model: str, duration_s: int) -> datetime:
    """Until when fal can bill an attempt of which nothing is known, aware UTC."""
    return attempt.start_deadline + longest_run(catalog, model, duration_s) + CLOCK_SLACK


def given_up_at(attempt: Attempt, catalog: Catalog, model: str, duration_s: int) -> datetime:
    """When a request that fal never ends is given up, aware UTC.

    At `chargeable_until` fal is asked to stop it. A run that went on all the same, and is billed,
    ends within one more longest run.
    """
    last = chargeable_until(attempt, catalog, model, duration_s)
    return last + longest_run(catalog, model, duration_s)
