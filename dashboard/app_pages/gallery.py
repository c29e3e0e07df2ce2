"""Gallery: the team's videos. Find, play, judge, download, throw away, take back.

New videos appear by themselves: a small fragment (`dashboard/components/gallery_news.py`) looks for
news and only then runs the page again.
"""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from dashboard import gallery_reads, gallery_selection
from dashboard.components.bulk_bar import bulk_bar
from dashboard.components.export_tray import export_tray
from dashboard.components.gallery_news import look_for_news
from dashboard.components.gallery_notices import (
    show_absent,
    show_moved,
    show_nothing,
    show_unreachable,
)
from dashboard.components.gallery_summary import show_summary
from dashboard.components.gallery_toolbar import show_kinds, show_toolbar
from dashboard.components.undo_toast import undo_toast
from dashboard.components.video_grid import GridWish, video_grid
from dashboard.gallery_address import show_view, view_of_address
from dashboard.gallery_dialog import (
    CHANGED,
    asked_for,
    find_asked_for,
    open_video,
    show_video,
)
from dashboard.gallery_feed import (
    FEED,
    NO_FACETS,
    Feed,
    is_current,
    known_facets,
    open_feed,
    read_again,
)
from dashboard.gallery_reads import Facets
from dashboard.gallery_wire import is_grouped
from dashboard.roles import QUEUE, pages_for
from dashboard.services import services
from dashboard.whoami import current_person
from jobs import curation
from jobs.gallery_filters import GalleryView
from storage.errors import RecordUnavailable, StudioError
from storage.models import Person


def choose_view(person: Person, view: GalleryView) -> Facets:
    """The toolbar. It is there without the record too, so that nothing typed is lost."""
    try:
        facets = known_facets(services(), person)
    except RecordUnavailable:
        facets = NO_FACETS
    show_toolbar(person, view, facets)
    return facets


def load(person: Person, view: GalleryView, facets: Facets) -> Feed:
    """What the session has of the view, begun anew when the person, the view or a video changed."""
    feed: Feed | None = st.session_state.get(FEED)
    if feed is None or not is_current(feed, person, view):
        if feed is not None and feed.view != view:
            gallery_selection.clear()
        feed = open_feed(services(), person, view, facets)
        st.session_state[FEED] = feed
    return feed


def fulfil(person: Person, feed: Feed, wish: GridWish) -> None:
    """Do what was asked of the grid; runs the page again when that changes what it shows."""
    if wish.favour:
        favour(person, *wish.favour)
    if wish.generation and QUEUE in pages_for(person.role):
        st.switch_page(QUEUE.file, query_params={"generation": str(wish.generation)})
    if wish.group is not None and is_grouped(feed.view):
        show_view(gallery_reads.within(feed.view, UUID(wish.group) if wish.group else None))
        st.rerun()
    if wish.open and str(wish.open) != asked_for():
        open_video(wish.open)
        st.rerun()


def favour(person: Person, video_id: UUID, favourite: bool) -> None:
    """Make it a favourite or none; when that fails, the grid shows again what is so."""
    try:
        curation.favour(services(), person, [video_id], favourite=favourite)
    except StudioError as exc:
        st.toast(exc.happened, icon=":material/error:")
        read_again()
        st.rerun()


def main() -> None:
    """The page."""
    person, view = current_person(), view_of_address()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Gallery", anchor=False, width="stretch")
        show_kinds(person, view)
    if st.session_state.pop(CHANGED, None):
        read_again()
    facets = choose_view(person, view)
    try:
        feed = load(person, view, facets)
        opened = find_asked_for(person) if asked_for() else None
    except RecordUnavailable as exc:
        show_unreachable(exc)
        return
    if asked_for() and opened is None:
        show_absent()
    show_moved(person)
    undo_toast(person)
    export_tray(person)
    show_summary(feed)
    bulk_bar(person, feed.view, feed.facets, [UUID(one) for one in gallery_selection.selected()])
    look_for_news()
    if feed.has_entries:
        fulfil(person, feed, video_grid(feed, opened=asked_for() if opened else None))
    else:
        show_nothing(person, feed.view)
    if opened:
        show_video(opened)


main()
