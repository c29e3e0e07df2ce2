"""The arithmetic of the benchmarks: shares, percentiles, what went wrong. Nothing here waits."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Requests = Sequence[Mapping[str, Any]]
"""What the simulator has booked: `request_id`, `tags`, `submitted_at`, `ended_at` (since 1970)."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """The smallest value that at least this share of all is not above (nearest rank).

    None when there are no values.
    """
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def spread(name: str, values: Sequence[float]) -> dict[str, float | None]:
    """`<name>_p50_s` and `<name>_p95_s` of these seconds."""
    return {f"{name}_p{n}_s": rounded(percentile(values, n / 100)) for n in (50, 95)}


def rounded(value: float | None, digits: int = 3) -> float | None:
    """As it is printed; None stays None."""
    return None if value is None else round(value, digits)


def ratio(ours: float | None, theirs: float | None) -> float | None:
    """How many times theirs ours is; None when one is missing or theirs is zero."""
    return None if ours is None or not theirs else ours / theirs


def fal_s(request: Mapping[str, Any]) -> float:
    """Seconds from submit to the end at fal: its queue and its run."""
    return float(request["ended_at"]) - float(request["submitted_at"])


def doubled(requests: Requests) -> int:
    """Requests that fal booked beyond one for each generation, by the tag that names it."""
    booked = Counter(request["tags"].get("generation") for request in requests)
    return sum(count - 1 for count in booked.values())


def in_flight_at(requests: Requests, moment: float) -> int:
    """How many requests were at fal at that moment."""
    return sum(1 for r in requests if r["submitted_at"] <= moment < (r["ended_at"] or math.inf))


def peak_in_flight(requests: Requests) -> int:
    """The most requests that were at fal at once."""
    return max((in_flight_at(requests, r["submitted_at"]) for r in requests), default=0)


def per_core(requests: Requests, cpu_s: float) -> float | None:
    """Requests in flight for each core in use.

    By Little's law the mean in flight is the sum of all stays over the time, and the mean of cores
    in use is CPU seconds over the same time: the time cancels out. None when no CPU was used.
    """
    stays_s = sum(fal_s(request) for request in requests if request["ended_at"])
    return ratio(stays_s, cpu_s)
