"""The list of generations as one component: light enough to be sent anew every second."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.components.money_words import dollars
from dashboard.components.status_badge import STEPS, look_of, phase_words, stop_words
from jobs.admission import REFUSED_BY_MODERATION
from jobs.errors import CatalogError
from jobs.fal.catalog import Catalog
from jobs.lifecycle import can_stop
from jobs.pricing import hold_usd
from storage.models import FINAL_STATUSES, FailureCause, GenerationStatus

_HERE = Path(__file__)
_LAST_PRESS = "live_queue_press"
_S = GenerationStatus
_FAILED = frozenset({_S.FAILED, _S.CANCELED})

_LIST = st.components.v2.component(
    "live_queue",
    html='<div class="queue" role="list"\n aria-label="Generations"></div>',
    css=_HERE.with_suffix(".css").read_text(encoding="utf-8"),
    js=_HERE.with_suffix(".js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Act:
    """What a person pressed: `open`, `video`, `stop` or `again`, on which generation."""

    name: str
    generation_id: str


@dataclass(frozen=True)
class Section:
    """The heading above the rows of one stage."""

    title: str
    count: int
    note: str


def live_queue(
    rows: list[dict[str, Any]], sections: dict[str, Section], catalog: Catalog, now: datetime
) -> Act | None:
    """Show the rows of `generations.team_queue`; what was pressed, None when nothing was.

    `sections` are the headings by the `stage` of a row; rows of one stage stand together. Only what
    a browser sends back is returned, so the caller checks it like any input.
    """
    shown = [row_data(row, catalog, now) for row in rows]
    heads = {stage: asdict(section) for stage, section in sections.items()}
    data = {"rows": shown, "sections": heads, "steps": list(STEPS)}
    result = _LIST(key="live_queue", data=data, on_act_change=lambda: None)
    return _new_act(result.act)


def _new_act(pressed: dict[str, Any] | None) -> Act | None:
    """A press counts once, even when its run is repeated before the browser hears of it."""
    if not pressed or pressed["press"] == st.session_state.get(_LAST_PRESS):
        return None
    st.session_state[_LAST_PRESS] = pressed["press"]
    return Act(str(pressed["name"]), str(pressed["id"]))


def row_data(row: dict[str, Any], catalog: Catalog, now: datetime) -> dict[str, Any]:
    """A row in the words of the page, ready for JSON."""
    status = _S(row["status"])
    stop_asked = row["cancel_requested_at"] is not None
    look = look_of(status, stop_asked=stop_asked, claimed=row["claimed"])
    return {
        "id": str(row["id"]),
        "stage": row["stage"],
        "title": row["title"] or f"{row['person_name']}'s generation",
        "hidden": row["title"] is None,
        "who": "You" if row["mine"] else row["person_name"],
        "model": _label(catalog, row["model"]),
        "status": status.value,
        "words": look.words,
        "color": look.color,
        "step": look.step,
        "active": status not in FINAL_STATUSES,
        "phase": phase_words(row),
        "log": (row["last_log"] or "") if status is _S.RUNNING else "",
        "money": money_words(row),
        "elapsed_s": ((row["finished_at"] or now) - row["created_at"]).total_seconds(),
        "ago_s": (now - row["finished_at"]).total_seconds() if row["finished_at"] else None,
        "picture": _picture(row, status),
        "acts": _acts(row, status),
    }


def money_words(row: dict[str, Any]) -> str:
    """What a generation costs or cost; empty where the reader may not see it."""
    if row["charge_usd"] is not None:
        return f"{dollars(row['charge_usd'])} charged"
    if row["estimate_usd"] is None:
        return ""
    if _S(row["status"]) in _FAILED:
        return "Nothing charged"
    if _S(row["status"]) is _S.UNKNOWN:
        return f"{dollars(hold_usd(row['estimate_usd']), round_up=True)} stays set aside"
    return f"{dollars(row['estimate_usd'])} estimated"


def _label(catalog: Catalog, key: str) -> str:
    try:
        return catalog.by_key(key).label
    except CatalogError:
        return key


def _picture(row: dict[str, Any], status: GenerationStatus) -> str:
    if status is _S.COMPLETED:
        return f"/app/static/media/{row['id']}/poster"
    if row["title"] is not None:
        return f"/app/static/input/{row['id']}/start"
    return ""


def _acts(row: dict[str, Any], status: GenerationStatus) -> list[dict[str, str]]:
    """The buttons of a row: what this person can do with it now."""
    acts = []
    if status is _S.COMPLETED:
        acts.append({"name": "video", "label": "Open video"})
    if row["title"] is not None and can_stop(status):
        acts.append({"name": "stop", "label": "Cancel", "hint": stop_words(status)})
    refused = row["cause"] is not None and FailureCause(row["cause"]) in REFUSED_BY_MODERATION
    if row["mine"] and status in _FAILED and not refused:
        acts.append({"name": "again", "label": "Try again"})
    if row["title"] is not None:
        acts.append({"name": "open", "label": "Details"})
    return acts
