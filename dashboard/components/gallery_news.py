"""What is new in the gallery since the page was drawn.

It stands apart from the page because Streamlit runs a page's file anew each time, while what a
module has made stays made: a fragment is looked at closely when it is declared.
"""

from __future__ import annotations

import streamlit as st

from dashboard import gallery_reads
from dashboard.gallery_address import has_filters
from dashboard.gallery_dialog import is_open
from dashboard.gallery_feed import FEED, LOOK_EVERY_S, LOOKS_OF_A_SEARCH, Feed, is_fresh, with_news
from dashboard.gallery_reads import MOST_MADE
from dashboard.roles import QUEUE, pages_for
from dashboard.services import services
from dashboard.whoami import current_person
from jobs import library
from storage.errors import RecordUnavailable
from storage.models import Person


@st.fragment(run_every=LOOK_EVERY_S)
def look_for_news() -> None:
    """Say how many are being made, and run the page again when something has changed."""
    try:
        person, feed = current_person(), st.session_state[FEED]
        now = feed if is_fresh(feed) else look(person, feed)
    except RecordUnavailable:
        st.caption("The database can't be reached. You see what was loaded before.")
        return
    st.session_state[FEED] = now
    if now.epoch != feed.epoch and not is_open():
        st.rerun()
    being_made = now.news.being_made
    if being_made and now.view.shows_videos and QUEUE in pages_for(person.role):
        show_being_made(being_made)


def look(person: Person, feed: Feed) -> Feed:
    """The feed as the record has it now."""
    news = gallery_reads.news(services(), person, feed.view)
    now = with_news(services(), feed, news)
    note_search(now)
    return now


def note_search(feed: Feed) -> None:
    """Write down what was looked for, once, when the view has stood for a while."""
    if feed.looks == LOOKS_OF_A_SEARCH and has_filters(feed.view):
        library.note_search(services(), feed.person, feed.view, found=feed.count)


def show_being_made(number: int) -> None:
    """A way to the queue."""
    few = "1 video is" if number == 1 else f"{number} videos are"
    many = f"{MOST_MADE} or more videos are"
    words = f"{few if number < MOST_MADE else many} being made"
    st.page_link(QUEUE.file, label=words, icon=":material/pending_actions:")
