"""The line above the grid: how many, what is active, and what is selected."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from dashboard import gallery_reads, gallery_selection
from dashboard.components.gallery_filter_words import active_filters
from dashboard.error_frame import plain
from dashboard.gallery_address import has_filters, show_view, without_filters
from dashboard.gallery_feed import Feed
from dashboard.gallery_reads import MOST_COUNTED, VideoFilter
from dashboard.services import services
from jobs.curation import MOST_AT_ONCE
from jobs.gallery_filters import GalleryView


def show_summary(feed: Feed) -> None:
    """How many there are, a chip for each active filter, and select or clear all."""
    view = feed.view
    if not feed.count and not has_filters(view):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**{count_words(feed)}**", width="content")
        for number, one in enumerate(active_filters(view, feed.facets)):
            st.button(
                plain(one.words),
                key=f"gallery_chip_{number}",
                icon=":material/close:",
                icon_position="right",
                help="Take this filter away",
                on_click=_without,
                args=(view, one.without),
            )
        if has_filters(view):
            st.button("Clear all", type="tertiary", on_click=clear_filters, args=(view,))
        if view.shows_videos and feed.count:
            _select_all(feed)


def count_words(feed: Feed) -> str:
    """`1 video`, `312 videos`, `1,000+ videos`: exact, or honestly more."""
    many = feed.count > MOST_COUNTED
    number = f"{MOST_COUNTED:,}+" if many else f"{feed.count:,}"
    thing = "video" if feed.view.shows_videos else "generation"
    return f"{number} {thing}{'' if feed.count == 1 else 's'}"


def clear_filters(view: GalleryView) -> None:
    """Show everything of this kind."""
    show_view(without_filters(view))


def _without(view: GalleryView, wanted: VideoFilter) -> None:
    show_view(replace(view, filter=wanted))


def _select_all(feed: Feed) -> None:
    most = feed.count > MOST_AT_ONCE
    words = f"Select the first {MOST_AT_ONCE:,}" if most else f"Select all {feed.count:,}"
    if len(gallery_selection.selected()) < min(feed.count, MOST_AT_ONCE):
        st.button(words, type="tertiary", on_click=_select_view, args=(feed,))


def _select_view(feed: Feed) -> None:
    gallery_selection.select(gallery_reads.first_ids(services(), feed.person, feed.view))
