"""What a chaos run left behind: the record beside what fal has booked. Nothing here waits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from jobs.bench.figures import Requests, doubled
from jobs.bench.record import Fate
from storage.models import FINAL_STATUSES, AttemptState, GenerationStatus

_FAULT = re.compile(r"\[fault:([a-z0-9_]+)")
Markers = Mapping[str, Mapping[str, int]]
"""POSTs and booked requests by marker, as the simulator counts them."""


def restless(fates: Iterable[Fate], requests: Requests) -> list[Fate]:
    """What still has to move: neither ended, nor lost without a trace in fal's history."""
    traces = _traces(requests)
    return [fate for fate in _latest(fates) if not (_ended(fate) or _traceless(fate, traces))]


def unknown(fates: Iterable[Fate], requests: Requests) -> set[UUID]:
    """Generations that only a person can settle: a submit without an answer and without a trace.

    fal never saw it, or gave it back before it started: its history has only what has started.
    """
    traces = _traces(requests)
    return {f.id for f in _latest(fates) if not _ended(f) and _traceless(f, traces)}


def _latest(fates: Iterable[Fate]) -> list[Fate]:
    """Each generation once, with its last attempt."""
    return list({fate.id: fate for fate in fates}.values())


def _ended(fate: Fate) -> bool:
    return fate.status in FINAL_STATUSES


def _traces(requests: Requests) -> set[str]:
    """Start images of the requests that fal's history lists, or will when they have ended."""
    return {request["input"]["image_url"] for request in requests if not _given_back(request)}


def _given_back(request: Mapping[str, Any]) -> bool:
    """Whether fal has ended a request that had not started; it bills nothing for it."""
    return request["started_at"] is None and request["ended_at"] is not None


def _traceless(fate: Fate, traces: set[str]) -> bool:
    return fate.attempt_state is AttemptState.UNKNOWN and fate.marker not in traces


def compare(fates: list[Fate], requests: Requests, markers: Markers) -> dict[str, Any]:
    """The counts, and in `problems` each thing that must never happen."""
    latest = _latest(fates)
    status = Counter(fate.status for fate in latest)
    kept = {fate.request_id: fate for fate in fates if fate.request_id}
    lost = [
        *(f"{fate.id} is still {fate.status}" for fate in restless(fates, requests)),
        *(_lost(request, kept) for request in requests if _lost(request, kept)),
    ]
    twice = _sent_twice(fates, markers)
    return {
        "generations": len(latest),
        "booked": len(requests),
        "given_back_unseen": sum(
            _given_back(request) and request["request_id"] not in kept for request in requests
        ),
        "attempts_booked": sum(fate.request_id is not None for fate in fates),
        "completed": status[GenerationStatus.COMPLETED],
        "failed": status[GenerationStatus.FAILED],
        "canceled": status[GenerationStatus.CANCELED],
        "unknown": len(unknown(fates, requests)),
        "lost": len(lost),
        "doubled": doubled(requests) + len(twice),
        "open_holds": sum(fate.held for fate in latest),
        "charges": sum(fate.charges for fate in latest),
        "faults": dict(sorted(_faults(latest).items())),
        "problems": [*lost, *twice, *_wrong_ends(latest)],
    }


def _lost(request: Mapping[str, Any], kept: Mapping[str, Fate]) -> str:
    """What is wrong with the end of one request at fal; empty when nothing is."""
    name = f"request {request['request_id']} of {request['tags'].get('generation')}"
    fate = kept.get(request["request_id"])
    if fate is None:
        return "" if _given_back(request) else f"{name} is known to no attempt"
    if request["failure"] is None and request["ended_at"] is not None and not fate.charges:
        return f"{name} is paid for, but {fate.id} ({fate.status}) has no charge"
    if request["failure"] is not None and fate.status is GenerationStatus.COMPLETED:
        return f"{name} failed at fal, but {fate.id} is completed"
    return ""


def _sent_twice(fates: Iterable[Fate], markers: Markers) -> list[str]:
    seen = {f.marker: markers.get(f"image_url:{f.marker}", {}) for f in fates if f.marker}
    return [
        f"the submit with {marker} was sent {count['posted']} times"
        for marker, count in seen.items()
        if count.get("posted", 0) > 1 or count.get("booked", 0) > 1
    ]


def _wrong_ends(fates: Iterable[Fate]) -> list[str]:
    found = []
    for fate in fates:
        if fate.status is GenerationStatus.COMPLETED and fate.charges != 1:
            found.append(f"{fate.id} is completed with {fate.charges} charges")
        if fate.status is GenerationStatus.FAILED and not (fate.cause and fate.problem):
            found.append(f"{fate.id} failed without a stated cause")
        if fate.charges > 1:
            found.append(f"{fate.id} was charged {fate.charges} times")
        if fate.held and fate.status in FINAL_STATUSES:
            found.append(f"{fate.id} has ended ({fate.status}) with money held")
    return found


def _faults(fates: Iterable[Fate]) -> Counter[str]:
    """How many generations asked for each fault and came as far as an attempt."""
    return Counter(
        name for fate in fates if fate.attempt_state for name in _FAULT.findall(fate.prompt)
    )
