"""What a visit has of the gallery: the first page of its view, kept up to date.

All further pages are the browser's: it asks the route for them (`dashboard/gallery_route.py`) and
keeps them. Whoever changes videos calls `read_again`; then the first page is read anew, and the
browser looks again at the cards that it has, when they come into sight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

import streamlit as st

from dashboard import gallery_reads, gallery_wire
from dashboard.gallery_reads import Facets, News
from dashboard.gallery_wire import Wire
from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView
from storage.models import Person

FEED = "gallery_feed"
_EPOCH = "gallery_epoch"

LOOKS_OF_A_SEARCH = 2
"""A view that is still there at the second look was meant; the others were on the way to it."""


@dataclass(frozen=True)
class Feed:
    """The beginning of a view."""

    person: Person
    view: GalleryView
    epoch: int
    """Grows whenever something was changed: cards that were read before it are looked at again."""
    first: Wire
    """Entries of the first page, the cursor behind it, counts of days."""
    count: int
    """Videos in the view; above `gallery_reads.MOST_COUNTED` there are more."""
    facets: Facets
    newest: UUID | None
    """The newest video when the record was last looked at, whatever the filters."""
    looks: int = 0
    """How often the record was looked at since the view was opened."""


def open_feed(
    services: Services, person: Person, view: GalleryView, before: Feed | None = None
) -> Feed:
    """The view from its beginning; `before` is what the visit had before it."""
    newest = gallery_reads.news(services, person, view).newest
    first = gallery_wire.first(services, person, view)
    count = len(first["entries"])
    if view.shows_videos and (first["next"] or gallery_wire.is_grouped(view)):
        count = gallery_reads.count(services, person, view)
    facets = _facets(services, person, before)
    return Feed(person, view, epoch(), first, count, facets, newest)


def with_news(services: Services, feed: Feed, news: News) -> Feed:
    """The feed after a look at the record, read anew when there is another newest video."""
    if news.newest == feed.newest:
        return replace(feed, looks=feed.looks + 1)
    read_again()
    return replace(open_feed(services, feed.person, feed.view), looks=feed.looks + 1)


def is_current(feed: Feed | None, person: Person, view: GalleryView) -> bool:
    """Whether this is what a visit has to show."""
    if feed is None:
        return False
    return (feed.person, feed.view, feed.epoch) == (person, view, epoch())


def _facets(services: Services, person: Person, before: Feed | None) -> Facets:
    """Those of before, unless something was changed: typing in the search field changes none."""
    if before and (before.person, before.epoch) == (person, epoch()):
        return before.facets
    return gallery_reads.facets(services, person)


def epoch() -> int:
    """How often this visit has changed something or found something new."""
    number: int = st.session_state.get(_EPOCH, 0)
    return number


def read_again() -> None:
    """Have the gallery look at the record again: something in it was changed."""
    st.session_state[_EPOCH] = epoch() + 1
