"""Links for guests in the lightbox: make one, see what came of those there are, end them."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import streamlit as st

from dashboard.components.problem import problems_shown, show_problem
from dashboard.components.share_form import choose_date, end_of_chosen, share_form
from dashboard.error_frame import plain
from dashboard.services import services
from dashboard.video_facts import moment
from dashboard.whoami import current_person
from jobs import sharing
from jobs.admission import SUBMITTING_ROLES
from jobs.sharing import GuestVerdict, Share
from storage.errors import StudioError
from storage.models import Person

MOST_SHOWN = 20
"""Links and verdicts; a video with more has them in the record."""

_PROBLEM = "share_row_problem"


@st.fragment
def share_panel(person: Person, video_id: UUID) -> None:
    """The form and the links of a video that is not in the trash; what guests said below them.

    Analysts make no links, so they only read what guests said.
    """
    with problems_shown():
        if person.role in SUBMITTING_ROLES:
            share_form(video_id)
            _show_links(sharing.links(services(), person, video_id))
        _show_verdicts(sharing.guest_verdicts(services(), person, video_id))


def _show_links(links: list[Share]) -> None:
    problem: StudioError | None = st.session_state.pop(_PROBLEM, None)
    if problem:
        show_problem(problem)
    if not links:
        st.caption("No links yet. A guest needs no account, and sees this one video only.")
        return
    live = [share for share in links if share.works]
    ended = [share for share in links if not share.works]
    for share in live[:MOST_SHOWN]:
        _show_live(share)
    if ended:
        with st.container(gap="xxsmall"):
            for share in ended[:MOST_SHOWN]:
                st.caption(_ended_words(share))


def _show_live(share: Share) -> None:
    zone = services().settings.zone
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall", width="stretch"):
            st.markdown(f":material/link: Until **{moment(share.expires_at, zone)}**")
            st.caption(f"{_counts(share)} · {_rules(share)} · by {plain(share.person_name)}")
        with st.popover("", icon=":material/event:", help="Change its end"):
            choose_date("Works until the end of", _end_key(share), share.expires_at)
            st.button(
                "Change",
                key=f"share_move_{share.id}",
                on_click=_change,
                args=(_move, share),
            )
        st.button(
            "Revoke",
            key=f"share_revoke_{share.id}",
            icon=":material/link_off:",
            help="It stops working at once, for good",
            on_click=_change,
            args=(_revoke, share),
        )


def _show_verdicts(verdicts: list[GuestVerdict]) -> None:
    if not verdicts:
        return
    zone = services().settings.zone
    st.markdown("**What guests said**")
    for said in verdicts[:MOST_SHOWN]:
        icon, words = (
            (":green[:material/thumb_up:]", "approves")
            if said.verdict == "approved"
            else (":orange[:material/edit_note:]", "asks for a change")
        )
        line = f"{icon} **{plain(said.name)}** {words} · {moment(said.at, zone)}"
        comment = plain(" ".join(said.comment.split()))
        st.markdown(f"{line}\n\n{comment}" if comment else line)


def _change(act: Callable[[Share], None], share: Share) -> None:
    """Do it, and keep what went wrong for the run that follows."""
    try:
        act(share)
    except StudioError as exc:
        st.session_state[_PROBLEM] = exc


def _end_key(share: Share) -> str:
    return f"share_end_{share.id}"


def _move(share: Share) -> None:
    ends = end_of_chosen(_end_key(share))
    sharing.change_expiry(services(), current_person(), share.id, ends)


def _revoke(share: Share) -> None:
    sharing.revoke(services(), current_person(), share.id)


def _counts(share: Share) -> str:
    views = "1 view" if share.view_count == 1 else f"{share.view_count:,} views"
    if not share.allow_download:
        return views
    one = share.download_count == 1
    return f"{views} · " + ("1 download" if one else f"{share.download_count:,} downloads")


def _rules(share: Share) -> str:
    rules = [
        "password" if share.has_password else "no password",
        *(["may download"] if share.allow_download else []),
        *(["verdict wanted"] if share.wants_verdict else []),
    ]
    return ", ".join(rules)


def _ended_words(share: Share) -> str:
    zone = services().settings.zone
    ended = (
        f"Revoked {moment(share.revoked_at, zone)}"
        if share.revoked_at
        else f"Expired {moment(share.expires_at, zone)}"
    )
    return f":material/link_off: {ended} · {_counts(share)} · by {plain(share.person_name)}"
