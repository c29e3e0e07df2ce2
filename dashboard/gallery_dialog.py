"""The lightbox of the gallery: a dialog over the page whose video is named in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import streamlit as st

from dashboard.components import curation_acts
from dashboard.components.lightbox import Answer, Sheet, lightbox, wishes
from dashboard.components.remix_form import open_final, open_remix
from dashboard.components.share_panel import share_panel
from dashboard.error_frame import plain
from dashboard.gallery_address import view_of_address
from dashboard.lightbox_sheet import Surroundings, sheet_of, surroundings_of
from dashboard.services import services
from dashboard.video_reads import story
from dashboard.whoami import current_person
from jobs import curation, library
from storage.errors import RecordNotFound, StudioError
from storage.models import Person, Video

PARAMETER = "video"
"""The part of the address that names the open video."""

LOOK_AGAIN_S = 3.0
"""How often the lightbox looks again: renditions become ready, colleagues delete."""

CHANGED = "gallery_changed"
"""Where the session notes that something was changed here, for the page to read again."""

_OPEN = "lightbox_open"
_WATCHED = "lightbox_watched"
_ANSWER = "lightbox_answer"
_AROUND = "lightbox_around"
_MOVED = "gallery_moved"

_STYLE = """
<style>
.lightbox-here { display: none; }
[data-testid="stDialog"] > div:has(.lightbox-here) { width: min(1500px, calc(100vw - 48px)); }
[data-testid="stDialog"] section:has(.lightbox-here) { width: 100%; }
[data-testid="stDialog"] section:has(.lightbox-here) > h2 { padding: 13px 22px 0;
  font-size: .95rem; font-weight: 600; opacity: .7; }
[data-testid="stDialog"] section:has(.lightbox-here) > button { top: 8px; right: 14px; }
@media (max-width: 640px) {
  [data-testid="stDialog"]:has(.lightbox-here) { padding: 0; }
  [data-testid="stDialog"] > div:has(.lightbox-here) { width: 100vw; max-width: 100vw; margin: 0;
    min-height: 100dvh; border-radius: 0; }
  [data-testid="stDialog"] section:has(.lightbox-here) { min-height: 100dvh; border-radius: 0; }
  [data-testid="stDialog"] section:has(.lightbox-here) > div { padding: 10px 14px 28px; }
  [data-testid="stDialog"] section:has(.lightbox-here) > button { position: fixed; top: 10px;
    z-index: 9; width: 44px; height: 44px; border-radius: 50%; color: #fff;
    background: rgb(10 12 18 / .6); }
}
</style>
<span class="lightbox-here"></span>
"""
"""The dialog as wide as a player deserves; on phones it is the whole screen."""


@dataclass(frozen=True)
class Moved:
    """A video that was just moved to the trash, or out of it."""

    video: Video
    undo_id: UUID | None
    """What takes it back; None when it was there before."""


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
    for key in (_OPEN, _WATCHED, _AROUND):
        st.session_state.pop(key, None)


def is_open() -> bool:
    """Whether the lightbox is over the page; running the page again would make it start anew."""
    shown = st.session_state.get(_OPEN)
    return shown is not None and asked_for() == str(shown)


def find_asked_for(person: Person) -> Video | None:
    """The video in the address; None when there is none that this person may see."""
    video_id = _id_of(asked_for())
    found = story(services(), person, video_id) if video_id else None
    return found.video if found else None


def show_video(video: Video) -> None:
    """Open the lightbox; closing it takes the video out of the address."""
    title = "Trash" if video.deleted_at else "Gallery"
    st.dialog(title, width="large", on_dismiss=close_video)(_show_sheet)()


def last_moved() -> Moved | None:
    """The video that was just moved to or from the trash; None when there is none to speak of."""
    moved: Moved | None = st.session_state.get(_MOVED)
    return moved


def forget_moved() -> None:
    """Say no more about the video that was just moved."""
    st.session_state.pop(_MOVED, None)


def put_back(person: Person, moved: Moved) -> None:
    """Take back what was done to a video, unless somebody has changed it since."""
    forget_moved()
    if moved.undo_id is None:
        return
    try:
        curation.undo(services(), person, moved.undo_id)
    except StudioError as exc:
        st.toast(plain(exc.happened), icon=":material/error:")
        return
    _leave_moved(person, moved.video.id, None)


@st.fragment(run_every=LOOK_AGAIN_S)
def _show_sheet() -> None:
    """The video in the address. Another one takes its place here, without opening anew."""
    person = current_person()
    asked = wishes()
    if (wanted := _id_of(asked.go)) and asked_for() != str(wanted):
        open_video(wanted)
    _note_view(person, asked.seen)
    if isinstance(asked.act, Mapping):
        _answer(person, asked.act)
    st.html(_STYLE)
    sheet = _sheet(person)
    if sheet is None:
        st.info(
            "It may be deleted for good, or it belongs to another team.",
            title="This video isn't here",
            icon=":material/search_off:",
        )
        return
    st.session_state[_OPEN] = sheet.story.video.id
    lightbox(sheet)
    if sheet.story.video.deleted_at is None:
        with st.expander("Share with guests", icon=":material/link:"):
            share_panel(person, sheet.story.video.id)


def _sheet(person: Person) -> Sheet | None:
    """What is shown of the video in the address; None when there is none for this person."""
    video_id = _id_of(asked_for())
    if video_id is None:
        return None
    try:
        found = story(services(), person, video_id)
        if found is None:
            return None
        around = _around(person, found.video)
    except RecordNotFound:
        return None
    return sheet_of(services(), person, found, around, _last_answer())


def _around(person: Person, video: Video) -> Surroundings:
    """What is read once for each video that is opened, not each time it is looked at again."""
    view = view_of_address()
    key = (person, video.id, view)
    known = st.session_state.get(_AROUND)
    if known is None or known[0] != key:
        known = (key, surroundings_of(services(), person, view, video))
        st.session_state[_AROUND] = known
    found: Surroundings = known[1]
    return found


def _answer(person: Person, act: Mapping[str, object]) -> None:
    """Do what the browser asks for, once, and keep what came of it for the browser to show."""
    number, video_id = act.get("n"), _id_of(act.get("id"))
    if not isinstance(number, int) or video_id is None or number <= _last_number():
        return
    answer = Answer(number, video_id, str(act.get("do")), problem=None)
    st.session_state[_ANSWER] = answer
    try:
        _do(person, video_id, act)
    except StudioError as exc:
        st.session_state[_ANSWER] = replace(answer, problem=curation_acts.refusal_words(exc))
    except (ValueError, TypeError):
        st.session_state[_ANSWER] = replace(answer, problem="This can't be done.")


def _do(person: Person, video_id: UUID, act: Mapping[str, object]) -> None:
    name = act.get("do")
    if name in ("remix", "final"):
        _open_create(person, video_id, final=name == "final", with_seed=act.get("seed") is True)
        return
    done = curation_acts.do(services(), person, video_id, act)
    if done is None:
        return
    st.session_state[CHANGED] = True
    if name in ("trash", "restore"):
        _leave_moved(person, video_id, done.undo_id)
        close_video()
        st.rerun()


def _open_create(person: Person, video_id: UUID, *, final: bool, with_seed: bool) -> None:
    found = story(services(), person, video_id)
    if found is None:
        return
    if final:
        open_final(person, found.video)
    else:
        open_remix(person, found.video, with_seed=with_seed)


def _leave_moved(person: Person, video_id: UUID, undo_id: UUID | None) -> None:
    """Let the page say what was moved, and where to."""
    found = story(services(), person, video_id)
    st.session_state[_MOVED] = Moved(found.video, undo_id) if found else None
    st.session_state[CHANGED] = True


def _note_view(person: Person, seen: object) -> None:
    """Once for each time that it is opened."""
    if not isinstance(seen, Mapping):
        return
    video_id, played_s = _id_of(seen.get("id")), seen.get("played_s")
    if video_id is None or not isinstance(played_s, int | float):
        return
    watched: set[UUID] = st.session_state.setdefault(_WATCHED, set())
    if video_id not in watched:
        watched.add(video_id)
        library.note_view(services(), person, video_id, played_s=float(played_s))


def _last_answer() -> Answer | None:
    answer: Answer | None = st.session_state.get(_ANSWER)
    return answer


def _last_number() -> int:
    last = _last_answer()
    return last.number if last else 0


def _id_of(value: object) -> UUID | None:
    try:
        return UUID(str(value)) if value else None
    except ValueError:
        return None
