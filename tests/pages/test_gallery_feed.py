from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from dashboard import gallery_reads
from dashboard.gallery_feed import Feed, around, open_feed, reread, with_news, with_older
from dashboard.gallery_reads import PAGE_SIZE, Filters
from jobs import library
from jobs.bootstrap import Services
from storage.models import Person
from tests.kept_videos import KeptVideos


@pytest.fixture
def kept(
    services: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> KeptVideos:
    return KeptVideos(services, submit, as_owner)


def ids_of(feed: Feed) -> list[UUID]:
    return [video.id for video in feed.videos]


def look(services: Services, feed: Feed) -> Feed:
    return with_news(services, feed, gallery_reads.news(services, feed.person, feed.filters))


def test_pages_follow_each_other_without_gap_or_repeat(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    newest_first = [kept.add() for _ in range(PAGE_SIZE + 2)][::-1]
    feed = open_feed(services, person, Filters())
    assert (ids_of(feed), feed.ends) == (newest_first[:PAGE_SIZE], False)
    feed = with_older(services, feed)
    assert (ids_of(feed), feed.ends) == (newest_first, True)
    assert with_older(services, feed) is feed


def test_nothing_new_leaves_the_feed_as_it_is(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    kept.add()
    feed = open_feed(services, person, Filters())
    assert look(services, feed) is feed


def test_a_finished_video_is_news(services: Services, person: Person, kept: KeptVideos) -> None:
    older = kept.add()
    feed = open_feed(services, person, Filters())
    newer = kept.add()
    assert ids_of(look(services, feed)) == [newer, older]


def test_a_rendition_that_became_ready_is_news(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    video_id = kept.add(pending=True)
    feed = open_feed(services, person, Filters())
    assert look(services, feed) is feed
    kept.end_render(video_id)
    assert not gallery_reads.is_pending(look(services, feed).videos[0])


def test_reading_again_keeps_what_was_scrolled_to(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    first = [kept.add() for _ in range(PAGE_SIZE + 1)]
    feed = with_older(services, open_feed(services, person, Filters()))
    library.trash(services, person, first[-1])
    assert ids_of(reread(services, feed)) == first[-2::-1]


def test_mine_are_mine(
    services: Services, person: Person, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    kept.add(add_person("Bob"))
    mine = kept.add()
    assert ids_of(open_feed(services, person, Filters(mine=True))) == [mine]


def test_search_takes_its_signs_literally(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    kept.add(prompt="A plain cup of coffee on a table")
    found = kept.add(prompt="Now 50% off every sneaker today")
    assert ids_of(open_feed(services, person, Filters(search="50% OFF"))) == [found]
    assert ids_of(open_feed(services, person, Filters(search="_"))) == []


def test_neighbours_are_those_of_the_gallery(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    oldest, middle, newest = kept.add(), kept.add(), kept.add()
    feed = open_feed(services, person, Filters())
    near = around(services, feed, feed.videos[1])
    assert (near.newer, near.older) == (newest, oldest)
    assert [video.id for video in near.strip] == [newest, middle, oldest]
    assert around(services, feed, feed.videos[2]).older is None


def test_the_neighbour_after_the_last_loaded_one_is_found(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    oldest, *_ = [kept.add() for _ in range(PAGE_SIZE + 1)]
    feed = open_feed(services, person, Filters())
    assert around(services, feed, feed.videos[-1]).older == oldest


def test_a_video_that_is_not_loaded_has_older_neighbours(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    oldest, other = kept.add(), kept.add()
    feed = open_feed(services, person, Filters(search="nothing like it"))
    video = gallery_reads.video(services, person, other)
    assert video is not None
    near = around(services, open_feed(services, person, Filters()), video)
    assert near.older == oldest
    assert around(services, feed, video).older is None


def test_details_of_a_colleagues_video_keep_prompt_and_money(
    services: Services, person: Person, kept: KeptVideos, add_person: Callable[..., Person]
) -> None:
    video_id = kept.add()
    own = gallery_reads.details(services, person, video_id)
    assert own.sent_prompt
    assert own.estimate_usd
    assert own.charge
    seen = gallery_reads.details(services, add_person("Bob"), video_id)
    assert (seen.sent_prompt, seen.estimate_usd, seen.charge) == (None, None, None)
