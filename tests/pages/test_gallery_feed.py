import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from dashboard import gallery_reads
from dashboard.gallery_feed import NO_FACETS, Feed, open_feed, with_news
from dashboard.gallery_wire import again, behind, first
from jobs import curation, library
from jobs.bootstrap import Services
from jobs.gallery_filters import GalleryView, parse_view
from storage.errors import RecordNotFound
from storage.models import Person
from tests.kept_videos import KeptVideos

EVERYTHING = GalleryView()


@pytest.fixture
def kept(
    services: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> KeptVideos:
    return KeptVideos(services, submit, as_owner)


def ids_of(page: dict[str, Any]) -> list[str]:
    return [one["id"] for one in page["entries"]]


def titles_of(page: dict[str, Any]) -> list[str]:
    return [one["title"] for one in page["entries"] if one["kind"] == "head"]


def feed_of(services: Services, person: Person) -> Feed:
    return open_feed(services, person, EVERYTHING, NO_FACETS)


def look(services: Services, feed: Feed) -> Feed:
    return with_news(services, feed, gallery_reads.news(services, feed.person, feed.view))


def test_pages_follow_each_other_without_gap_or_repeat(
    services: Services, person: Person, kept: KeptVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest_first = [str(kept.add()) for _ in range(5)][::-1]
    monkeypatch.setattr(gallery_reads.page, "__defaults__", (None, 2))
    page = first(services, person, EVERYTHING)
    found = ids_of(page)
    while page["next"]:
        page = behind(services, person, EVERYTHING, page["next"])
        found += ids_of(page)
    assert found == newest_first


def test_a_page_is_found_behind_a_video_that_was_thrown_away(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    oldest, middle, _ = kept.add(), kept.add(), kept.add()
    library.trash(services, person, middle)
    assert ids_of(behind(services, person, EVERYTHING, str(middle))) == [str(oldest)]


@pytest.mark.parametrize("cursor", ["nothing", "00000000-0000-4000-8000-000000000000"])
def test_a_place_that_is_not_there_is_not_found(
    services: Services, person: Person, cursor: str
) -> None:
    with pytest.raises(RecordNotFound):
        behind(services, person, EVERYTHING, cursor)


def test_groups_follow_each_other(
    services: Services,
    person: Person,
    kept: KeptVideos,
    as_owner: Callable[..., list[Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gallery_reads, "GROUPS_OF_PAGE", 1)
    insert = "insert into studio.campaigns (team_id, name) values (%s, %s) returning id"
    for name in ("Spring", "Summer"):
        kept.add(campaign_id=as_owner(insert, person.team_id, name)[0][0])
    kept.add()
    view = parse_view({"group": "campaign"})
    page = first(services, person, view)
    titles = titles_of(page)
    while page["next"]:
        page = behind(services, person, view, page["next"])
        titles += titles_of(page)
    assert titles == ["Summer", "Spring", "No campaign"]


def test_cards_are_looked_at_again_under_the_filters_of_the_view(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    one, other = kept.add(), kept.add()
    curation.favour(services, person, [one], favourite=True)
    found = again(services, person, parse_view({"favourite": "1"}), [one, other])
    assert [(card["id"], card["favourite"]) for card in found] == [(str(one), True)]


def test_nothing_new_leaves_the_first_page_as_it_is(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    kept.add()
    feed = feed_of(services, person)
    assert look(services, feed).first is feed.first


def test_a_finished_video_is_news(services: Services, person: Person, kept: KeptVideos) -> None:
    older = kept.add()
    feed = feed_of(services, person)
    newer = kept.add()
    assert ids_of(json.loads(look(services, feed).first)) == [str(newer), str(older)]


def test_the_last_day_of_a_page_is_counted_whole(
    services: Services, person: Person, kept: KeptVideos, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        kept.add()
    monkeypatch.setattr(gallery_reads.page, "__defaults__", (None, 2))
    assert first(services, person, parse_view({"group": "day"}))["counts"] == {"2026-03-01": 5}


def test_prices_are_not_in_what_a_browser_gets(
    services: Services, person: Person, kept: KeptVideos
) -> None:
    kept.add()
    (card,) = first(services, person, parse_view({"sort": "cost"}))["entries"]
    assert not {name for name in card if "cost" in name}
