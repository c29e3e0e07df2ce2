"""What a visit has of the gallery: the first page of its view, kept up to date.

All further pages are the browser's: it asks the route for them (`dashboard/gallery_route.py`) and
keeps them. Whoever changes videos calls `read_again`; then the first page is read anew, and the
browser looks again at the cards that it has, when they come into sight.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace

import streamlit as st

from dashboard import gallery_reads, gallery_wire
from dashboard.gallery_reads import Facets, News
from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView
from storage.models import Person

FEED = "gallery_feed"
_EPOCH = "gallery_epoch"
_FACETS = "gallery_facets"

NO_FACETS = Facets((), (), (), (), ())
"""What the filters offer while nothing can be read."""

LOOK_EVERY_S = 3.0
"""How often the browser has the record looked at."""

_FRESH_S = 2.5
"""How long a look counts: a bit less than until the next, since the browser's clock is not ours."""

LOOKS_OF_A_SEARCH = 2
"""A view that is still there at the second look was meant; the others were on the way to it."""


@dataclass(frozen=True)
class Feed:
    """The beginning of a view."""

    person: Person
    view: GalleryView
    epoch: int
    """Grows whenever something was changed: cards that were read before it are looked at again."""
    first: str
    """Entries of the first page, the cursor behind it and counts of days, as JSON: it is sent in
    each run, and written once."""
    has_entries: bool
    """Whether there are any."""
    count: int
    """Videos in the view; above `gallery_reads.MOST_COUNTED` there are more."""
    facets: Facets
    news: News
    """What the last look at the record has found."""
    looked_at: float
    """When that was, in seconds of a clock that never runs backwards."""
    looks: int = 1
    """How often the record was looked at since the view was opened, which is the first look."""


def open_feed(services: Services, person: Person, view: GalleryView, facets: Facets) -> Feed:
    """The view from its beginning."""
    news = gallery_reads.news(services, person, view)
    first = gallery_wire.first(services, person, view)
    count = len(first["entries"])
    if view.shows_videos and (first["next"] or gallery_wire.is_grouped(view)):
        count = gallery_reads.count(services, person, view)
    return Feed(
        person,
        view,
        epoch(),
        json.dumps(first),
        bool(first["entries"]),
        count,
        facets,
        news,
        time.monotonic(),
    )


def with_news(services: Services, feed: Feed, news: News) -> Feed:
    """The feed after a look at the record, read anew when there is another newest video."""
    if news.newest == feed.news.newest:
        return replace(feed, news=news, looked_at=time.monotonic(), looks=feed.looks + 1)
    read_again()
    return replace(open_feed(services, feed.person, feed.view, feed.facets), looks=feed.looks + 1)


def is_fresh(feed: Feed) -> bool:
    """Whether the record was looked at just now, so that a run need not look again."""
    return time.monotonic() - feed.looked_at < _FRESH_S


def is_current(feed: Feed | None, person: Person, view: GalleryView) -> bool:
    """Whether this is what a visit has to show."""
    if feed is None:
        return False
    return (feed.person, feed.view, feed.epoch) == (person, view, epoch())


def known_facets(services: Services, person: Person) -> Facets:
    """What the filters offer, read once until something changes: typing in the search does not.

    Raises:
        RecordUnavailable: they are not known yet, and the record can't be asked.
    """
    key = (person, epoch())
    known = st.session_state.get(_FACETS)
    if known is None or known[0] != key:
        known = (key, gallery_reads.facets(services, person))
        st.session_state[_FACETS] = known
    found: Facets = known[1]
    return found


def epoch() -> int:
    """How often this visit has changed something or found something new."""
    number: int = st.session_state.get(_EPOCH, 0)
    return number


def read_again() -> None:
    """Have the gallery look at the record again: something in it was changed."""
    st.session_state[_EPOCH] = epoch() + 1
