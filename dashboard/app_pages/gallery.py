"""Gallery: the team's videos. Find, play, download, throw away, take back.

New videos appear by themselves: a small fragment looks for news and only then runs the page again.
"""

from __future__ import annotations

import streamlit as st

from dashboard import gallery_reads
from dashboard.components.gallery_notices import show_absent, show_moved, show_nothing
from dashboard.components.gallery_toolbar import choose_filters
from dashboard.components.video_grid import video_grid
from dashboard.gallery_dialog import (
    FEED,
    asked_for,
    find_asked_for,
    forget_moved,
    is_open,
    open_video,
    show_video,
)
from dashboard.gallery_feed import Feed, open_feed, with_news, with_older
from dashboard.gallery_reads import MOST_COUNTED, Filters
from dashboard.roles import QUEUE, pages_for
from dashboard.services import services
from dashboard.whoami import current_person
from storage.errors import RecordUnavailable
from storage.models import Person, Video

LOOK_EVERY_S = 3.0


def load(person: Person, filters: Filters) -> Feed:
    """What the session has loaded, begun anew when the person or the filters are others."""
    feed: Feed | None = st.session_state.get(FEED)
    if feed is None or (feed.person, feed.filters) != (person, filters):
        forget_moved()
        with st.skeleton(height=360):
            feed = open_feed(services(), person, filters)
    st.session_state[FEED] = feed
    return feed


@st.fragment(run_every=LOOK_EVERY_S)
def look_for_news() -> None:
    """Say how many are being made, and run the page again when something has changed."""
    try:
        person, feed = current_person(), st.session_state[FEED]
        news = gallery_reads.news(services(), person, feed.filters)
        now = with_news(services(), feed, news)
    except RecordUnavailable:
        st.caption("The database can't be reached. You see what was loaded before.")
        return
    if now is not feed:
        st.session_state[FEED] = now
        if not is_open():
            st.rerun()
    if news.being_made and not feed.filters.trashed and QUEUE in pages_for(person.role):
        few = "1 video is" if news.being_made == 1 else f"{news.being_made} videos are"
        many = f"{MOST_COUNTED} or more videos are"
        words = f"{few if news.being_made < MOST_COUNTED else many} being made"
        st.page_link(QUEUE.file, label=words, icon=":material/pending_actions:")


def show_grid(feed: Feed, opened: Video | None) -> None:
    """The videos; runs the page again when one is opened or more are wanted."""
    wish = video_grid(feed.videos, has_more=not feed.ends, opened=opened.id if opened else None)
    if wish.open:
        open_video(wish.open)
    if wish.more:
        st.session_state[FEED] = with_older(services(), feed)
    if wish.open or wish.more:
        st.rerun()


def main() -> None:
    """The page."""
    person = current_person()
    st.title("Gallery", anchor=False)
    filters = choose_filters(person)
    try:
        feed = load(person, filters)
        opened = find_asked_for(person) if asked_for() else None
    except RecordUnavailable as exc:
        st.error(f"{exc.happened} Your videos are safe.", icon=":material/cloud_off:")
        st.button("Try again")
        return
    if asked_for() and opened is None:
        show_absent()
    show_moved(person)
    look_for_news()
    if feed.videos:
        show_grid(feed, opened)
    else:
        show_nothing(person, filters)
    if opened:
        show_video(opened)


main()
