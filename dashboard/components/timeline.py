"""Where the time of one generation went: a bar for each phase, one below the other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from html import escape

import streamlit as st

from dashboard.components.price_tag import seconds_words
from storage.models import FINAL_STATUSES, GenerationStatus
from storage.records.generations import HistoryEntry

_S = GenerationStatus

PHASES: dict[GenerationStatus, tuple[str, str]] = {
    _S.AWAITING_APPROVAL: ("Waiting for approval", "#94a3b8"),
    _S.QUEUED: ("Our queue", "#94a3b8"),
    _S.SUBMITTING: ("Sending to fal", "#0891b2"),
    _S.UNKNOWN: ("Looking for it at fal", "#d97706"),
    _S.WAITING: ("fal's queue", "#38bdf8"),
    _S.RUNNING: ("Being made at fal", "#6366f1"),
    _S.CANCELING: ("Stopping", "#d97706"),
    _S.COLLECTING: ("Collecting", "#059669"),
}
"""The name and colour of the time spent in a status."""

_STYLE = """
<style>
.times { display: grid; grid-template-columns: max-content 1fr max-content; gap: 7px 16px;
  align-items: center; font-size: .9rem; }
.times .bar { position: relative; height: 10px; border-radius: 5px;
  background: color-mix(in srgb, currentColor 7%, transparent); }
.times .bar i { position: absolute; top: 0; bottom: 0; min-width: 3px; border-radius: 5px; }
.times .long { text-align: right; font-variant-numeric: tabular-nums; }
.times .total { font-weight: 600; }
</style>
"""


@dataclass(frozen=True)
class Phase:
    """A stretch of time in one status, in seconds from the beginning."""

    status: GenerationStatus
    start_s: float
    length_s: float


def phases_of(history: list[HistoryEntry], now: datetime) -> list[Phase]:
    """The phases, first to last; the last one of an unfinished generation ends now."""
    if not history:
        return []
    began = history[0].at
    ends = [entry.at for entry in history[1:]] + [now]
    return [
        Phase(
            entry.to_status,
            (entry.at - began).total_seconds(),
            max((end - entry.at).total_seconds(), 0.0),
        )
        for entry, end in zip(history, ends, strict=True)
        if entry.to_status not in FINAL_STATUSES
    ]


def timeline(history: list[HistoryEntry], now: datetime) -> None:
    """The waterfall of a generation."""
    phases = phases_of(history, now)
    if not phases:
        return
    total_s = max(phase.start_s + phase.length_s for phase in phases)
    rows = "".join(_row(phase, total_s) for phase in phases)
    whole = f"<span>All together</span><span></span>{_long(total_s, 'long total')}"
    st.html(f'{_STYLE}<div class="times">{rows}{whole}</div>')


def _row(phase: Phase, total_s: float) -> str:
    name, color = PHASES[phase.status]
    scale = 100 / total_s if total_s else 0
    left, width = min(phase.start_s * scale, 99.0), phase.length_s * scale
    bar = f'<i style="left:{left:.2f}%;width:{width:.2f}%;background:{color}"></i>'
    return f'<span>{escape(name)}</span><span class="bar">{bar}</span>{_long(phase.length_s)}'


def long_words(seconds: float) -> str:
    """`0.25 s`, `3.4 s`, `1 min 20 s`: the shorter, the finer."""
    if seconds >= 10:
        return seconds_words(seconds)
    return f"{seconds:.{1 if seconds >= 1 else 2}f} s"


def short_words(seconds: float) -> str:
    """`8.3 s`, `1:20 min`, `2:05 h`: for a tile."""
    whole = round(seconds)
    if whole < 60:
        return long_words(seconds)
    if whole < 3_600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3_600}:{whole // 60 % 60:02} h"


def _long(seconds: float, kind: str = "long") -> str:
    return f'<span class="{kind}">{long_words(seconds)}</span>'
