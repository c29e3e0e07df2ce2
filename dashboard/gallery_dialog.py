"""The lightbox of the gallery: a dialog over the page whose video is named in the address."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from dashboard import gallery_reads
from dashboard.components.lightbox import Sheet, lightbox
from dashboard.gallery_feed import Feed, around, reread
from dashboard.services import services
from dashboard.video_facts import facts_of, last_day, moment
from dashboard.whoami import current_person
from jobs import library
from storage.models import Person, Video

PARAMETER = "video"
"""The part of the address that names the open video."""

LOOK_AGAIN_S = 3.0
"""How often the lightbox looks again: renditions become ready, colleagues delete."""

FEED = "gallery_feed"
"""Where the session keeps what it has loaded of the gallery."""

_VIEWED = "gallery_viewed"
_MOVED = "gallery_moved"


def asked_for() -> str | None:
    """What the address says is to be opened; None for nothing."""
    value: str | None = st.query_params.get(PARAMETER)
    return value


def open_video(video_id: UUID) -> None:
    """Name the video in the address, so that this run or the next one opens it."""
    st.query_params[PARAMETER] = str(video_id)


def close_video() -> None:
    """Take the video out of the address."""
    st.query_params.pop(PARAMETER, None)
    st.session_state.pop(_VIEWED, None)


def is_open() -> bool:
    """Whether the lightbox is over the page; running the page again would make it start anew."""
    viewed = st.session_state.get(_VIEWED)
    return viewed is not None and asked_for() == str(viewed)


def find_asked_for(person: Person) -> Video | None:
    """The video in the address; None when there is none that this person may see."""
    try:
        video_id = UUID(asked_for() or "")
    except ValueError:
        return None
    return gallery_reads.video(services(), person, video_id)


def show_video(video: Video) -> None:
    """Open the lightbox; closing it takes the video out of the address."""
    title = "Trash" if video.deleted_at else "Gallery"
    st.dialog(title, width="large", on_dismiss=close_video)(_show_sheet)()


def last_moved() -> Video | None:
    """The video that was just moved to or from the trash; None when there is none to speak of."""
    moved: Video | None = st.session_state.get(_MOVED)
    return moved


def forget_moved() -> None:
    """Say no more about the video that was just moved."""
    st.session_state.pop(_MOVED, None)


def move(person: Person, video: Video) -> None:
    """Move the video to the trash, or back when it is in it."""
    change = library.restore if video.deleted_at else library.trash
    change(services(), person, video.id)
    st.session_state[_MOVED] = gallery_reads.video(services(), person, video.id)
    if feed := st.session_state.get(FEED):
        st.session_state[FEED] = reread(services(), feed)
    close_video()


@st.fragment(run_every=LOOK_AGAIN_S)
def _show_sheet() -> None:
    """The video in the address. Another one takes its place here, without opening anew."""
    person = current_person()
    video = find_asked_for(person)
    if video is None:
        st.info("This video is no longer here.", icon=":material/search_off:")
        return
    _note_view(person, video)
    if lightbox(_sheet_of(person, st.session_state[FEED], video), on_go=open_video):
        move(person, video)
        st.rerun()


def _sheet_of(person: Person, feed: Feed, video: Video) -> Sheet:
    known = services()
    zone = known.settings.zone
    details = gallery_reads.details(known, person, video.id)
    near = around(known, feed, video)
    return Sheet(
        video=video,
        newer=near.newer,
        older=near.older,
        strip=near.strip,
        made_at=moment(video.created_at, zone),
        facts=facts_of(video, details, known.catalog),
        sent_prompt=details.sent_prompt,
        may_move=library.may_move(person, video),
        leaves_trash=last_day(video.deleted_at, zone) if video.deleted_at else None,
    )


def _note_view(person: Person, video: Video) -> None:
    """Once for each time that it is opened, not for each run of the page."""
    if st.session_state.get(_VIEWED) != video.id:
        library.note_view(services(), person, video.id)
        st.session_state[_VIEWED] = video.id
