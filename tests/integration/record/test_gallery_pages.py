"""Pages of the gallery over five thousand videos: in order, whole, and by an index."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import DictRow
from pydantic import SecretStr

from jobs.bench.gallery_rows import fill
from storage.errors import RecordNotFound
from storage.postgres import Database, Transaction
from storage.records import gallery, gallery_plan
from storage.records.gallery import Card, Group, Reader, Sort, Verdict, VideoFilter
from storage.sqlfiles import Query

VIDEOS = 5000
ZONE = "Europe/Berlin"
PAGE = 60

FILTERS: dict[str, tuple[VideoFilter, Callable[[Card], bool]]] = {
    "model": (VideoFilter(models=("seedance-2.0",)), lambda c: c.model == "seedance-2.0"),
    "models": (
        VideoFilter(models=("seedance-2.0", "seedance-1.0-lite")),
        lambda c: c.model in ("seedance-2.0", "seedance-1.0-lite"),
    ),
    "ratio": (VideoFilter(ratios=("9:16",)), lambda c: c.aspect_ratio == "9:16"),
    "resolution": (VideoFilter(resolutions=("1080p",)), lambda c: c.resolution == "1080p"),
    "short": (VideoFilter(max_s=5), lambda c: round(c.duration_s) == 5),
    "long": (VideoFilter(min_s=10), lambda c: round(c.duration_s) == 10),
    "stars": (VideoFilter(min_rating=3), lambda c: c.rating is not None and c.rating >= 3),
    "approved": (
        VideoFilter(verdicts=(Verdict.APPROVED,)),
        lambda c: c.verdict is Verdict.APPROVED,
    ),
    "unjudged": (VideoFilter(unjudged=True), lambda c: c.verdict is None),
    "no campaign": (VideoFilter(no_campaign=True), lambda c: c.campaign_id is None),
    "tag": (VideoFilter(tags=("SNEAKER",)), lambda c: "sneaker" in c.tags),
    "beginning": (VideoFilter(search="Camera snea"), lambda c: "sneaker" in c.title),
    "stem": (VideoFilter(search="sneakers turn"), lambda c: "sneaker" in c.title),
    "campaign's name": (
        VideoFilter(search="winter"),
        lambda c: c.campaign_name is not None and c.campaign_name.startswith("Winter"),
    ),
}
INDEX_OF = {
    Sort.NEWEST: "new",
    Sort.OLDEST: "new",
    Sort.RATING: "rating",
    Sort.COST: "cost",
    Sort.LENGTH: "length",
}


@pytest.fixture(scope="module")
def filled(shared_url: SecretStr, shared_database: Database) -> Database:
    with psycopg.connect(shared_url.get_secret_value(), autocommit=True) as owner:
        fill(owner, VIDEOS)
    return shared_database


def reader_of(database: Database, email: str) -> Reader:
    with database.as_service() as tx:
        query = Query("test", "One person.", "select * from studio.people where email = %(email)s")
        row = tx.one(query, email=email)
    return Reader(row["id"], None if row["role"] == "admin" else row["team_id"], ZONE)


@pytest.fixture(scope="module", params=["person1@bench.test", "person45@bench.test"])
def reader(request: pytest.FixtureRequest, filled: Database) -> Reader:
    return reader_of(filled, request.param)


@pytest.fixture(scope="module")
def member(filled: Database) -> Reader:
    return reader_of(filled, "person45@bench.test")


@contextmanager
def asking(database: Database, reader: Reader) -> Iterator[Transaction]:
    with database.as_person(reader.person_id) as tx:
        yield tx


def walk(
    database: Database, reader: Reader, wanted: VideoFilter, sort: Sort = Sort.NEWEST
) -> list[Card]:
    """Every card of the view, page by page."""
    found: list[Card] = []
    with asking(database, reader) as tx:
        planned = gallery.plan(tx, reader, wanted)
        more = True
        while more:
            after = found[-1].key if found else None
            page = gallery.page(tx, planned, sort, limit=PAGE, after=after)
            found.extend(page.cards)
            more = page.has_more
    return found


def rows(database: Database, statement: str, **parameters: object) -> list[DictRow]:
    with database.as_service() as tx:
        return tx.all(Query("test", "A statement of a test.", statement), **parameters)


def test_a_walk_meets_every_video_of_the_team_once(filled: Database, reader: Reader) -> None:
    met = [card.id for card in walk(filled, reader, VideoFilter())]
    team = "" if reader.team_id is None else "where team_id = %(team)s"
    there = rows(
        filled,
        f"select id from studio.videos {team} order by created_at desc, id desc",
        team=reader.team_id,
    )
    assert met == [row["id"] for row in there]


@pytest.mark.parametrize("sort", Sort)
def test_every_order_is_whole_and_in_order(filled: Database, member: Reader, sort: Sort) -> None:
    met = walk(filled, member, VideoFilter(), sort)
    key: Callable[[Card], Any] = {
        Sort.NEWEST: lambda c: (c.created_at, c.id),
        Sort.OLDEST: lambda c: (c.created_at, c.id),
        Sort.RATING: lambda c: (c.key.rating_hundredths, c.id),
        Sort.COST: lambda c: (c.key.cost_key, c.id),
        Sort.LENGTH: lambda c: (c.key.duration_ms, c.id),
    }[sort]
    keys = [key(card) for card in met]
    assert keys == sorted(keys, reverse=sort is not Sort.OLDEST)
    assert len(set(keys)) == len(walk(filled, member, VideoFilter()))


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_finds_all_that_fit_and_no_other(
    filled: Database, member: Reader, name: str
) -> None:
    wanted, fits = FILTERS[name]
    everything = walk(filled, member, VideoFilter())
    expected = [card.id for card in everything if fits(card)]
    assert 0 < len(expected) < len(everything)
    assert [card.id for card in walk(filled, member, wanted)] == expected


def test_many_finds_are_walked_to_like_few(
    filled: Database, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = VideoFilter(search="sneaker", resolutions=("720p",))
    few = [card.id for card in walk(filled, reader, wanted)]
    monkeypatch.setattr(gallery_plan, "FEW", 0)
    assert [card.id for card in walk(filled, reader, wanted)] == few


def test_the_page_before_a_card_ends_right_before_it(filled: Database, member: Reader) -> None:
    all_cards = walk(filled, member, VideoFilter(), Sort.RATING)
    with asking(filled, member) as tx:
        planned = gallery.plan(tx, member, VideoFilter())
        page = gallery.page(tx, planned, Sort.RATING, limit=10, before=all_cards[50].key)
        first = gallery.page(tx, planned, Sort.RATING, limit=10, before=all_cards[4].key)
    assert list(page.cards) == all_cards[40:50]
    assert page.has_more
    assert list(first.cards) == all_cards[:4]
    assert not first.has_more


def test_neighbours_are_those_of_the_view(filled: Database, member: Reader) -> None:
    wanted = VideoFilter(models=("seedance-2.0",))
    cards = walk(filled, member, wanted)
    with asking(filled, member) as tx:
        planned = gallery.plan(tx, member, wanted)
        middle = gallery.neighbours(tx, planned, Sort.NEWEST, cards[5].key)
        first = gallery.neighbours(tx, planned, Sort.NEWEST, cards[0].key)
        last = gallery.neighbours(tx, planned, Sort.NEWEST, cards[-1].key)
    assert (middle.previous, middle.next) == (cards[4].id, cards[6].id)
    assert (first.previous, first.next) == (None, cards[1].id)
    assert (last.previous, last.next) == (cards[-2].id, None)


def test_a_video_outside_the_view_has_neighbours_in_it(filled: Database, member: Reader) -> None:
    outside = next(c for c in walk(filled, member, VideoFilter())[9:] if c.resolution != "1080p")
    with asking(filled, member) as tx:
        planned = gallery.plan(tx, member, VideoFilter(resolutions=("1080p",)))
        key = gallery.key_of(tx, outside.id)
        near = gallery.neighbours(tx, planned, Sort.NEWEST, key)
    inside = walk(filled, member, VideoFilter(resolutions=("1080p",)))
    newer = [card.id for card in inside if card.created_at > outside.created_at]
    assert near.previous == newer[-1]
    assert near.next == inside[len(newer)].id


def test_days_are_days_of_the_company(filled: Database, member: Reader) -> None:
    day = date(2025, 12, 30)
    wanted = VideoFilter(since=day, until=day)
    begins = datetime.combine(day, time(), ZoneInfo(ZONE)).astimezone(UTC)
    everything = walk(filled, member, VideoFilter())
    expected = [c.id for c in everything if begins <= c.created_at < begins + timedelta(days=1)]
    assert expected
    assert [card.id for card in walk(filled, member, wanted)] == expected


def test_counts_are_exact_or_say_that_there_are_more(filled: Database, member: Reader) -> None:
    admin = reader_of(filled, "person1@bench.test")
    with asking(filled, member) as tx:
        few = gallery.count(tx, gallery.plan(tx, member, VideoFilter()))
    assert few == len(walk(filled, member, VideoFilter()))
    with asking(filled, admin) as tx:
        counted = gallery.count(tx, gallery.plan(tx, admin, VideoFilter()))
    assert counted == gallery.MOST_COUNTED + 1


def test_select_all_has_the_order_of_the_page(filled: Database, member: Reader) -> None:
    with asking(filled, member) as tx:
        planned = gallery.plan(tx, member, VideoFilter())
        ids = gallery.all_ids(tx, planned, Sort.COST, limit=100)
    assert ids == [card.id for card in walk(filled, member, VideoFilter(), Sort.COST)[:100]]


@pytest.mark.parametrize(
    ("group", "field"),
    [(Group.CAMPAIGN, "campaign_id"), (Group.IMAGE, "family_id"), (Group.BATCH, "batch_id")],
)
def test_groups_stand_by_their_newest_video(
    filled: Database, reader: Reader, group: Group, field: str
) -> None:
    wanted = VideoFilter(resolutions=("720p",))
    expected: dict[UUID, list[Card]] = {}
    for card in walk(filled, reader, wanted):
        if (key := getattr(card, field)) is not None:
            expected.setdefault(key, []).append(card)
    found: list[gallery.Head] = []
    with asking(filled, reader) as tx:
        planned = gallery.plan(tx, reader, wanted)
        while page := gallery.heads(
            tx, planned, group, limit=40, after=found[-1] if found else None
        ):
            found.extend(page)
    assert [head.group_key for head in found] == list(expected)
    assert [head.newest_id for head in found] == [cards[0].id for cards in expected.values()]
    assert [head.count for head in found] == [
        min(len(cards), gallery.MOST_IN_GROUP + 1) for cards in expected.values()
    ]


def test_days_are_no_heads(filled: Database, member: Reader) -> None:
    with asking(filled, member) as tx, pytest.raises(ValueError, match="Days"):
        gallery.heads(tx, gallery.plan(tx, member, VideoFilter()), Group.DAY, limit=1)


def test_menus_offer_what_is_in_use(filled: Database, member: Reader) -> None:
    cards = walk(filled, member, VideoFilter())
    with asking(filled, member) as tx:
        planned = gallery.plan(tx, member, VideoFilter())
        models = gallery.models_in_use(tx, planned)
        people = gallery.people_in_use(tx, planned)
        campaigns = gallery.campaigns_in_use(tx, planned)
        tags = gallery.recent_tags(tx, planned, limit=5)
    assert models == sorted({card.model for card in cards})
    assert {one.id for one in people} == {card.person_id for card in cards}
    assert {one.id for one in campaigns} == {c.campaign_id for c in cards} - {None}
    assert tags == sorted(tags, key=lambda one: (-one[1], one[0]))


def test_another_teams_video_is_in_no_view(filled: Database, member: Reader) -> None:
    theirs = rows(
        filled, "select * from studio.videos where team_id <> %(t)s limit 1", t=member.team_id
    )[0]
    with asking(filled, member) as tx:
        with pytest.raises(RecordNotFound):
            gallery.key_of(tx, theirs["id"])
        for wanted in (
            VideoFilter(team_ids=(theirs["team_id"],)),
            VideoFilter(person_ids=(theirs["person_id"],)),
            VideoFilter(family_id=theirs["family_id"], team_ids=(theirs["team_id"],)),
            VideoFilter(search=theirs["title"], team_ids=(theirs["team_id"],)),
        ):
            planned = gallery.plan(tx, member, wanted)
            assert gallery.count(tx, planned) == 0


def test_a_reader_who_claims_another_team_sees_nothing(filled: Database, member: Reader) -> None:
    other = rows(filled, "select id from studio.teams where id <> %(t)s limit 1", t=member.team_id)
    liar = replace(member, team_id=other[0]["id"])
    for wanted in (VideoFilter(), VideoFilter(search="sneaker")):
        assert walk(filled, liar, wanted) == []


def test_costs_of_colleagues_are_for_managers(filled: Database, member: Reader) -> None:
    for card in walk(filled, member, VideoFilter()):
        assert (card.cost_usd is not None) == (card.person_id == member.person_id)
    admin = reader_of(filled, "person1@bench.test")
    with asking(filled, admin) as tx:
        page = gallery.page(tx, gallery.plan(tx, admin, VideoFilter()), Sort.COST, limit=5)
    assert all(card.cost_usd is not None for card in page.cards)


@pytest.mark.parametrize("words", ["!!!", "'", "\\", "a\\'b:*", "& | !", "<->", "'!", "%s", "@"])
def test_no_typing_breaks_the_search(filled: Database, member: Reader, words: str) -> None:
    assert walk(filled, member, VideoFilter(tags=(words,))) == []
    letters = any(letter.isalpha() for letter in words)
    assert bool(walk(filled, member, VideoFilter(search=words))) == letters


def test_a_word_does_not_find_the_marks_of_tags_and_teams(filled: Database, member: Reader) -> None:
    for words in ("#sneaker", f"!{member.team_id}"):
        found = walk(filled, member, VideoFilter(search=words))
        assert all("sneaker" in card.title for card in found)


class Explaining(Transaction):
    """Asks how statements would be answered instead of having them answered."""

    def __init__(self, inner: Transaction) -> None:
        super().__init__(inner._connection)
        self.plans: list[str] = []

    def all(self, query: Query, **parameters: Any) -> list[DictRow]:
        asked = Query(query.name, query.description, f"explain {query.text}")
        lines = super().all(asked, **parameters)
        self.plans.append("\n".join(line["QUERY PLAN"] for line in lines))
        return []


def plan_of_page(
    database: Database, reader: Reader, wanted: VideoFilter, sort: Sort, *, deep: bool = False
) -> str:
    with asking(database, reader) as tx:
        planned = gallery.plan(tx, reader, wanted)
        # Few rows are sorted faster than read in order; this asks whether an index can do it.
        for way in ("enable_bitmapscan", "enable_seqscan", "enable_sort"):
            tx.run(Query("test", "Discourage a way.", f"set local {way} = off"))
        after = gallery.all_ids(tx, planned, sort, limit=200)[-1] if deep else None
        key = gallery.key_of(tx, after) if after else None
        explaining = Explaining(tx)
        gallery.page(explaining, planned, sort, limit=PAGE, after=key)
    return explaining.plans[0]


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("sort", Sort)
def test_a_page_reads_its_index_in_order(
    filled: Database, reader: Reader, sort: Sort, deep: bool
) -> None:
    plan = plan_of_page(filled, reader, VideoFilter(), sort, deep=deep)
    assert re.search(rf"Index Scan (Backward )?using videos_(team_)?{INDEX_OF[sort]} on", plan)
    assert ("Index Cond" in plan and "ROW(" in plan) == deep
    assert "Seq Scan on videos" not in plan


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (VideoFilter(models=("seedance-1.0-lite",)), "videos_team_model"),
        (VideoFilter(resolutions=("1080p",)), "videos_team_resolution"),
        (VideoFilter(ratios=("9:16",)), "videos_team_ratio"),
        (VideoFilter(verdicts=(Verdict.REJECTED,)), "videos_team_verdict"),
    ],
)
def test_one_filter_has_an_index_of_its_own(
    filled: Database, member: Reader, wanted: VideoFilter, index: str
) -> None:
    assert index in plan_of_page(filled, member, wanted, Sort.NEWEST)


def test_verdicts_and_sizes_are_checked_on_the_way_through_a_model(
    filled: Database, reader: Reader
) -> None:
    wanted = VideoFilter(
        models=("seedance-1.0-lite",), verdicts=(Verdict.APPROVED,), resolutions=("720p",)
    )
    plan = plan_of_page(filled, reader, wanted, Sort.NEWEST)
    assert re.search(r"using videos_(team_)?model on", plan)


@pytest.mark.parametrize(
    ("field", "index"),
    [("campaign_id", "campaign"), ("person_id", "person"), ("family_id", "family")],
)
def test_one_thing_has_an_index_of_its_own(
    filled: Database, member: Reader, field: str, index: str
) -> None:
    card = next(c for c in walk(filled, member, VideoFilter()) if getattr(c, field))
    wanted = {
        "campaign_id": VideoFilter(campaign_ids=(card.campaign_id or uuid4(),)),
        "person_id": VideoFilter(person_ids=(card.person_id,)),
        "family_id": VideoFilter(family_id=card.family_id),
    }[field]
    assert f"_{index} on videos" in plan_of_page(filled, member, wanted, Sort.NEWEST)


def test_rare_words_are_found_by_the_index_of_words(filled: Database, member: Reader) -> None:
    statement = (
        "explain select id from studio.videos where words @@ to_tsquery('simple', 'sku1234') "
        "and status = 'ready'"
    )
    plan = "\n".join(row["QUERY PLAN"] for row in rows(filled, statement))
    assert "videos_words" in plan
    with asking(filled, member) as tx:
        planned = gallery.plan(tx, member, VideoFilter(search="sku1234"))
    assert "found" in planned.parameters


def test_an_unknown_video_has_no_place(filled: Database, member: Reader) -> None:
    with asking(filled, member) as tx, pytest.raises(RecordNotFound):
        gallery.key_of(tx, uuid4())
