"""The fields of a link for guests: how long it works, its password, what guests may do."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit
from uuid import UUID

import streamlit as st

from dashboard import passwords
from dashboard.components.problem import show_field_problems, show_problem
from dashboard.components.share_link import share_link
from dashboard.services import services
from dashboard.share_pages import path_of
from dashboard.video_facts import moment
from dashboard.whoami import current_person
from jobs import sharing
from jobs.errors import InvalidRequest, Problem
from jobs.sharing import LONGEST_DAYS, USUAL_DAYS, Made, Wish
from storage.errors import StudioError
from storage.settings import Settings

SHORTEST_PASSWORD = 8
"""Characters; wrong ones have to wait longer and longer, so a phrase for the phone is enough."""

_USUAL = f"{USUAL_DAYS} days"
_DAYS = {"1 day": 1, _USUAL: USUAL_DAYS, "30 days": 30}
_DATE = "A date"
_MADE = "share_made"
_PROBLEM = "share_problem"


def share_form(video_id: UUID) -> None:
    """Make a link. Its address is shown once: only its hash is kept."""
    key = f"share_{video_id}"
    _choose_end(key)
    st.text_input(
        "Password (optional)",
        key=f"{key}_password",
        type="password",
        max_chars=passwords.LONGEST,
        autocomplete="new-password",
        help="Guests type it before they see anything. Tell it by another way than the link.",
    )
    with st.container(horizontal=True):
        st.toggle("Guests may download", key=f"{key}_download")
        st.toggle("Ask for a verdict", key=f"{key}_verdict")
    st.button(
        "Make a link",
        key=f"{key}_make",
        type="primary",
        icon=":material/add_link:",
        on_click=_make,
        args=(video_id, key),
    )
    _show_made(video_id)


def address_of(settings: Settings, token: str, page: str | None) -> str:
    """A link as guests get it: below `STUDIO_PUBLIC_URL` when it is set, else beside `page`.

    `page` is the address under which this browser sees the studio; None when it is not known.
    """
    seen = urlsplit(page or "")
    ours = f"{seen.scheme}://{seen.netloc}" if seen.netloc else None
    base = settings.public_url or ours or f"http://{settings.host}:{settings.port}"
    return base.rstrip("/") + path_of(token)


def choose_date(label: str, key: str, start: datetime) -> None:
    """A day, a year from now at most; `end_of_chosen` is what it means."""
    today = datetime.now(services().settings.zone).date()
    latest = today + timedelta(days=LONGEST_DAYS - 1)
    usual = min(max(start.astimezone(services().settings.zone).date(), today), latest)
    st.date_input(label, usual, today, latest, key=key, format="YYYY-MM-DD")


def end_of_chosen(key: str) -> datetime:
    """The end of the day that was chosen, in the company's time zone."""
    return datetime.combine(st.session_state[key], time(23, 59, 59), services().settings.zone)


def _choose_end(key: str) -> None:
    kind = st.segmented_control(
        "Works for", [*_DAYS, _DATE], default=_USUAL, key=f"{key}_ends", required=True
    )
    if kind == _DATE:
        usual = datetime.now(UTC) + timedelta(days=USUAL_DAYS)
        choose_date("Until the end of", f"{key}_date", usual)


def _wish(key: str) -> Wish:
    """What the fields say when the button is pressed, not when the page was drawn last.

    Raises:
        InvalidRequest: the password is too short.
    """
    state = st.session_state
    password: str = state[f"{key}_password"]
    if password and len(password) < SHORTEST_PASSWORD:
        words = f"A password has at least {SHORTEST_PASSWORD} characters. A few words are enough."
        raise InvalidRequest([Problem("password", words)])
    kind = state[f"{key}_ends"]
    days = timedelta(days=_DAYS.get(kind, USUAL_DAYS))
    return Wish(
        end_of_chosen(f"{key}_date") if kind == _DATE else datetime.now(UTC) + days,
        passwords.hash_password(password) if password else None,
        allow_download=state[f"{key}_download"],
        wants_verdict=state[f"{key}_verdict"],
    )


def _make(video_id: UUID, key: str) -> None:
    st.session_state.pop(_MADE, None)
    try:
        made = sharing.make(services(), current_person(), video_id, _wish(key))
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc
        return
    st.session_state[_MADE] = (video_id, made)
    st.session_state[f"{key}_password"] = ""


def _show_made(video_id: UUID) -> None:
    problem: StudioError | None = st.session_state.pop(_PROBLEM, None)
    if isinstance(problem, InvalidRequest):
        show_field_problems([one.message for one in problem.problems])
    elif problem:
        show_problem(problem)
    found: tuple[UUID, Made] | None = st.session_state.get(_MADE)
    if found is None or found[0] != video_id:
        return
    made, settings = found[1], services().settings
    st.success(
        f"The link works until {moment(made.expires_at, settings.zone)}. "
        "Copy it now: it is not shown again.",
        icon=":material/link:",
    )
    share_link(f"share_link_{made.id}", address_of(settings, made.token, st.context.url))
