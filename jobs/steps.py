"""The named points at which a process may be killed, and the one call that says "here".

Each value is a boundary between two effects: what is written, sent or stored before it stays, what
follows is not yet done. In production nobody observes and `reached` does nothing. The chaos bench
and the tests install an observer that kills its own process (`jobs.bench.chaos_process`), so the
list of what was tried is the list of what can happen, and not a matter of lucky timing.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """Every boundary of every process, in the order of a generation's life."""

    ADMIT_IMAGE_KEPT = "admit-image-kept"
    ADMIT_WRITTEN = "admit-written"
    """Generation and hold are in the transaction, which is not committed."""
    ADMIT_COMMITTED = "admit-committed"
    """Before the bell."""
    ADMIT_RUNG = "admit-rung"
    STOP_WRITTEN = "stop-written"

    WORKER_STARTED = "worker-started"
    BELL_HEARD = "bell-heard"
    """RQ has handed the job over, nothing is claimed."""
    BELL_ANSWERED = "bell-answered"
    """The work is done; RQ does not know yet."""

    SUBMIT_CLAIMED = "submit-claimed"
    SUBMIT_UPLOADED = "submit-uploaded"
    SUBMIT_INTENDED = "submit-intended"
    """The intent is committed, the POST not sent."""
    SUBMIT_SENT = "submit-sent"
    """The last byte of the POST is out, nothing of the answer is in."""
    SUBMIT_ANSWERED = "submit-answered"
    """The whole answer is in this process and nowhere else."""
    SUBMIT_KEEPING = "submit-keeping"
    """The answer is in the transaction, which is not committed."""
    SUBMIT_KEPT = "submit-kept"
    SUBMIT_TURNED_AWAY = "submit-turned-away"
    """fal did not accept, and that is written nowhere."""
    SUBMIT_TURNED_AWAY_WRITTEN = "submit-turned-away-written"

    WATCH_LEADING = "watch-leading"
    WATCH_SEEN = "watch-seen"
    """fal has told a status, which is written nowhere."""
    WATCH_WRITING = "watch-writing"
    """What was seen is in the transaction, which is not committed."""
    WATCH_WRITTEN = "watch-written"
    """Before the bell."""
    WATCH_RUNG = "watch-rung"
    WATCH_CANCEL_SENT = "watch-cancel-sent"
    WATCH_CANCEL_NOTED = "watch-cancel-noted"
    SWEEP_BEGUN = "sweep-begun"
    SWEEP_SUBMIT_SETTLED = "sweep-submit-settled"
    """A lost submit is marked in the transaction, which is not committed."""
    SWEEP_WRITTEN = "sweep-written"
    SWEEP_RUNG = "sweep-rung"
    RESOLVE_FOUND = "resolve-found"
    """A lost request was found at fal, and is not adopted."""
    RESOLVE_ADOPTED = "resolve-adopted"

    COLLECT_CLAIMED = "collect-claimed"
    COLLECT_RESULT_FETCHED = "collect-result-fetched"
    COLLECT_DOWNLOADED = "collect-downloaded"
    COLLECT_PREPARED = "collect-prepared"
    """Probed, remuxed, with a poster."""
    COLLECT_FILE_PUT = "collect-file-put"
    """Reached after each file."""
    COLLECT_WRITTEN = "collect-written"
    """Charge, video and renditions are in the transaction, which is not committed."""
    COLLECT_COMMITTED = "collect-committed"
    """Before the bell for the renditions."""
    COLLECT_RUNG = "collect-rung"
    FAIL_WRITTEN = "fail-written"
    """A failure and what it cost are in the transaction, which is not committed."""

    RENDER_CLAIMED = "render-claimed"
    RENDER_FETCHED = "render-fetched"
    RENDER_RENDERED = "render-rendered"
    RENDER_FILE_PUT = "render-file-put"
    """Reached after each file."""
    RENDER_WRITTEN = "render-written"
    RENDER_COMMITTED = "render-committed"

    EXPORT_CLAIMED = "export-claimed"
    EXPORT_WRITTEN = "export-written"
    """The zip is whole on the worker's disk."""
    EXPORT_PUT = "export-put"
    """It is in the store, and the record does not say so."""
    EXPORT_COMMITTED = "export-committed"


Observer = Callable[[Step], None]

_observer: Observer | None = None


def observe(observer: Observer | None) -> None:
    """Call `observer` at every step of this process and of its forks from now on; None: nobody."""
    global _observer
    _observer = observer


def reached(step: Step) -> None:
    """Say that this process has come to a step. Nothing happens unless somebody observes."""
    if _observer is not None:
        _observer(step)
