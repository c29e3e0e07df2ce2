"""The part of the gallery that a visit has loaded: newest first, page by page, kept up to date."""

from __future__ import annotations

from dataclasses import dataclass, replace
from uuid import UUID

from dashboard import gallery_reads
from dashboard.gallery_reads import PAGE_SIZE, Filters, News, is_pending
from jobs.bootstrap import Services
from storage.models import Person, Video

MOST_FOLLOWED = 12
"""Videos looked at again while their renditions are being made."""

STRIP_REACH = 4
"""Thumbnails on either side of the open video."""


@dataclass(frozen=True)
class Feed:
    """The videos loaded so far for one person and one choice of filters."""

    person: Person
    filters: Filters
    videos: tuple[Video, ...]
    ends: bool
    """Whether there are no older ones."""
    newest: UUID | None
    """The newest video of the view when it was last compared with the record."""


@dataclass(frozen=True)
class Neighbourhood:
    """The videos around an open one."""

    newer: UUID | None
    older: UUID | None
    strip: tuple[Video, ...]
    """A few on either side and the video itself, newest first."""


def open_feed(services: Services, person: Person, filters: Filters, count: int = PAGE_SIZE) -> Feed:
    """The newest `count` videos."""
    newest = gallery_reads.news(services, person, filters).newest
    first = gallery_reads.page(services, person, filters, limit=count)
    return Feed(person, filters, tuple(first), len(first) < count, newest)


def with_older(services: Services, feed: Feed) -> Feed:
    """The feed and one more page of older videos."""
    if feed.ends or not feed.videos:
        return feed
    more = gallery_reads.page(services, feed.person, feed.filters, after=feed.videos[-1])
    return replace(feed, videos=(*feed.videos, *more), ends=len(more) < PAGE_SIZE)


def reread(services: Services, feed: Feed) -> Feed:
    """The feed as it is in the record now, at least as long as it was."""
    count = max(PAGE_SIZE, len(feed.videos))
    return open_feed(services, feed.person, feed.filters, count)


def with_news(services: Services, feed: Feed, news: News) -> Feed:
    """The feed after a look at the record; the same object when nothing has changed."""
    if news.newest != feed.newest:
        return reread(services, feed)
    followed = [video for video in feed.videos if is_pending(video)][:MOST_FOLLOWED]
    if not followed:
        return feed
    now = {
        video.id: video
        for video in gallery_reads.again(services, feed.person, [one.id for one in followed])
    }
    if all(now.get(video.id) == video for video in followed):
        return feed
    return replace(feed, videos=tuple(now.get(video.id, video) for video in feed.videos))


def around(services: Services, feed: Feed, video: Video) -> Neighbourhood:
    """The neighbours of a video; of one that is not loaded, only those older than it."""
    ids = [one.id for one in feed.videos]
    at = ids.index(video.id) if video.id in ids else None
    newer = () if at is None else feed.videos[max(0, at - STRIP_REACH) : at]
    older = () if at is None else feed.videos[at + 1 : at + 1 + STRIP_REACH]
    if not older and not (feed.ends and at is not None):
        older = tuple(gallery_reads.page(services, feed.person, feed.filters, after=video))
    return Neighbourhood(
        newer=newer[-1].id if newer else None,
        older=older[0].id if older else None,
        strip=(*newer, video, *older[:STRIP_REACH]),
    )
