"""The person's zips: how far each is, its link when it is ready, why it failed."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from dashboard import reads
from dashboard.error_frame import plain
from dashboard.gallery_dialog import is_open
from dashboard.services import services
from dashboard.video_facts import megabytes, moment
from dashboard.whoami import current_person
from jobs import exports
from jobs.exports import Export, ExportState
from storage.errors import RecordUnavailable
from storage.models import Person

LOOK_EVERY_S = 1.0

_STYLE = """
<style>
.st-key-export_tray a.zip { display: inline-flex; align-items: center; padding: .35rem .85rem;
  border-radius: 8px; background: light-dark(#4f46e5, #6366f1); color: #fff !important;
  font-weight: 500; text-decoration: none !important; white-space: nowrap; }
.st-key-export_tray a.zip:hover { filter: brightness(1.1); }
.st-key-export_tray a.zip:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
.st-key-export_tray [data-testid="stElementContainer"]:has(style) { display: none; }
</style>
"""


def export_tray(person: Person) -> None:
    """The zips of this person; nothing when there are none. Looks again while one is built."""
    try:
        found = reads.zips(person)
    except RecordUnavailable:
        return
    if found:
        every_s = LOOK_EVERY_S if any(one.is_open for one in found) else None
        st.fragment(run_every=every_s)(_show_all)(was_open=every_s is not None)


def _show_all(*, was_open: bool) -> None:
    person = current_person()
    try:
        found = reads.zips(person)
    except RecordUnavailable:
        st.caption("The database can't be reached. Your zips are built all the same.")
        return
    if not found:
        return
    with st.container(border=True, gap="small", key="export_tray"):
        st.html(_STYLE)
        for one in found:
            _show(person, one)
    if was_open and not any(one.is_open for one in found) and not is_open():
        st.rerun()  # the page then shows it without looking every second


def _show(person: Person, one: Export) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"export_{one.id}"):
        if one.is_open:
            _show_progress(one)
        elif one.state is ExportState.READY:
            _show_ready(one)
        else:
            why = plain(one.problem or "")
            words = f":red[:material/error:] **The zip could not be built.** {why}"
            st.markdown(words, width="stretch")
        st.button(
            "Stop" if one.is_open else "Dismiss",
            key=f"export_drop_{one.id}",
            type="tertiary",
            on_click=_drop,
            args=(person, one.id),
        )


def _show_progress(one: Export) -> None:
    waits = one.state is ExportState.QUEUED
    words = f"Zip of {_videos(one.videos)}: "
    words += "waiting for a worker" if waits else f"{one.done:,} packed"
    st.progress(one.done / one.videos, text=words, width="stretch")


def _show_ready(one: Export) -> None:
    zone = services().settings.zone
    packed = one.videos - len(one.missing_ids)
    words = f":green[:material/folder_zip:] **Zip of {_videos(packed)}** "
    words += f":gray[{megabytes(one.size_bytes or 0)} · until {moment(one.expires_at, zone)}]"
    if one.missing_ids:
        words += f" :orange[{len(one.missing_ids):,} missing, see its manifest]"
    st.markdown(words, width="stretch")
    # A plain link: Streamlit's own opens a new tab, in which nothing would be seen.
    st.html(
        f'<a class="zip" href="/app/static/export/{one.id}" download>Download the zip</a>',
        width="content",
    )


def _drop(person: Person, export_id: UUID) -> None:
    exports.give_up(services(), person, export_id)
    reads.zips.clear()


def _videos(count: int) -> str:
    return "1 video" if count == 1 else f"{count:,} videos"
