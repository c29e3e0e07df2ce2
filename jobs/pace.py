"""When to ask fal next about each request: often when it is about to finish, seldom before."""

from __future__ import annotations

SHORTEST_S = 0.4
LONGEST_S = 10.0
MAX_POLLS_PER_S = 400.0
"""Spread over everything in flight, so that one process keeps up with thousands."""
EARLY = 0.7
"""Before this part of the usual time hardly anything finishes."""
EARLY_FACTOR = 8.0
"""Seldom, but often enough for a person who waits to see that fal has begun."""
LATE = 3.0
"""After this many times the usual time it may take for ever, so we ask less and less often."""
WEIGHT = 0.2
"""How much the newest measurement counts in the usual time."""


class UsualTimes:
    """How long each model usually takes from acceptance to completion, learned as we watch."""

    def __init__(self) -> None:
        self._seconds: dict[tuple[str, int], float] = {}

    def of(self, model: str, duration_s: int, prior_s: float) -> float:
        """Usual seconds for a video of that length; `prior_s` until one was seen."""
        return self._seconds.get((model, duration_s), prior_s)

    def learn(self, model: str, duration_s: int, seconds: float) -> None:
        """One more request took that many seconds."""
        known = self._seconds.get((model, duration_s), seconds)
        self._seconds[model, duration_s] = known + WEIGHT * (seconds - known)


def next_poll_in_s(elapsed_s: float, usual_s: float, in_flight: int) -> float:
    """Seconds until the next poll of a request accepted `elapsed_s` seconds ago.

    `in_flight` is how many are watched in all: it stretches the pace, never beyond `LONGEST_S`
    unless there are more than `LONGEST_S * MAX_POLLS_PER_S` of them.
    """
    base = max(SHORTEST_S, in_flight / MAX_POLLS_PER_S)
    if elapsed_s < usual_s * EARLY:
        until_ripe = usual_s * EARLY - elapsed_s
        return max(base, min(base * EARLY_FACTOR, until_ripe, LONGEST_S))
    if elapsed_s > usual_s * LATE:
        return max(base, min(elapsed_s / 60.0, LONGEST_S))
    return base
