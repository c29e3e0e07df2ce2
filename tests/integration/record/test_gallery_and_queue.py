"""Paging and searching videos; the team's queue; what is usual."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from storage.errors import RecordNotFound
from storage.models import Person, RenditionKind, RenditionState, Role, Video
from storage.postgres import Database
from storage.records import curation, generations, videos
from storage.records.curation import Edit
from storage.records.videos import PageStart
from tests.integration.record.record_rows import (
    S,
    add_attempt,
    add_complete,
    add_held,
    finish,
    move,
    new_generation,
)

Add = Callable[..., Person]
Owner = Callable[..., list[Any]]


def titles(database: Database, person: Person, **how: Any) -> list[str]:
    with database.as_person(person.id) as tx:
        return [video.title for video in videos.page(tx, person_id=person.id, **how)]


def fill(database: Database, person: Person, *names: str, **fields: Any) -> list[UUID]:
    with database.as_service() as tx:
        return [add_complete(tx, person, title=name, **fields) for name in names]


def pages_of(database: Database, person: Person, size: int) -> list[list[Video]]:
    pages: list[list[Video]] = []
    before: PageStart | None = None
    while not pages or pages[-1]:
        with database.as_person(person.id) as tx:
            page = videos.page(tx, person_id=person.id, before=before, limit=size)
        before = PageStart(page[-1].created_at, page[-1].id) if page else None
        pages.append(page)
    return pages[:-1]


def test_pages_follow_each_other_without_gap_or_repeat(
    database: Database, as_owner: Owner, person: Person
) -> None:
    made = fill(database, person, *"abcdefg")
    # The same moment for several, so that the id has to tell them apart.
    as_owner("update studio.videos set created_at = '2026-01-01' where title < 'e'")
    seen = [video.id for page in pages_of(database, person, 2) for video in page]
    assert len(seen) == len(made)
    assert set(seen) == set(made)


def test_new_videos_do_not_move_the_next_page(database: Database, person: Person) -> None:
    fill(database, person, "1", "2", "3", "4")
    with database.as_person(person.id) as tx:
        first = videos.page(tx, person_id=person.id, limit=2)
    fill(database, person, "new")
    start = PageStart(first[-1].created_at, first[-1].id)
    next_page = titles(database, person, before=start, limit=2)
    assert {video.title for video in first}.isdisjoint(next_page)
    assert "new" not in next_page
    assert len(next_page) == 2


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("50%", {"50% off"}),
        ("_", {"a_b"}),
        ("\\", {"back\\slash"}),
        ("%%", set()),
        ("OFF", {"50% off"}),
        ("shoe", {"50% off", "a_b", "back\\slash", "plain"}),
        ("'; --", set()),
        ("", {"50% off", "a_b", "back\\slash", "plain"}),
    ],
)
def test_a_search_takes_every_character_as_it_is(
    database: Database, person: Person, search: str, found: set[str]
) -> None:
    fill(database, person, "50% off", "a_b", "back\\slash", "plain")
    assert set(titles(database, person, search=search)) == found


def test_the_gallery_is_the_teams_and_narrows_to_ones_own(
    database: Database, person: Person, add_person: Add
) -> None:
    ben, cid = add_person("Ben"), add_person("Cid", team="Sales")
    for who in (person, ben, cid):
        fill(database, who, f"of {who.name}")
    assert set(titles(database, person)) == {"of Ann", "of Ben"}
    assert titles(database, person, mine=True) == ["of Ann"]


def test_the_trash_is_apart_and_can_be_taken_back_from(database: Database, person: Person) -> None:
    (made,) = fill(database, person, "one")
    with database.as_person(person.id) as tx:
        assert curation.edit(tx, person.id, [made], Edit(trashed=True), "trashed").ids == (made,)
        assert curation.edit(tx, person.id, [made], Edit(trashed=True), "trashed").ids == ()
    assert titles(database, person) == []
    assert titles(database, person, trashed=True) == ["one"]
    with database.as_person(person.id) as tx:
        assert curation.edit(tx, person.id, [made], Edit(trashed=False), "restored").ids == (made,)
        assert curation.edit(tx, person.id, [made], Edit(trashed=False), "restored").ids == ()
    assert titles(database, person) == ["one"]


def test_a_video_comes_with_its_files(database: Database, person: Person) -> None:
    (made,) = fill(database, person, "one")
    with database.as_person(person.id) as tx:
        video = videos.by_id(tx, made)
        assert video.renditions == videos.renditions_of(tx, made)
        assert videos.page(tx, person_id=person.id) == [video]
    assert list(video.renditions) == [RenditionKind.WEB]
    assert video.renditions[RenditionKind.WEB].state is RenditionState.READY


def test_a_video_of_another_team_is_not_there(
    database: Database, person: Person, add_person: Add
) -> None:
    (made,) = fill(database, person, "one")
    with (
        pytest.raises(RecordNotFound),
        database.as_person(add_person("Cid", team="Sales").id) as tx,
    ):
        videos.by_id(tx, made)


def test_a_render_is_leased_to_one_and_given_back(
    database: Database, as_owner: Owner, person: Person
) -> None:
    fill(database, person, "one")
    as_owner("update studio.renditions set state = 'pending'")
    with database.as_service() as tx:
        lease = videos.claim_render(tx, lease_s=60)
        assert lease is not None
        assert videos.claim_render(tx, lease_s=60) is None
        assert videos.renew_render_lease(tx, lease, lease_s=60)
        assert videos.postpone_render(tx, lease, wait_s=60) == 1
        assert videos.claim_render(tx, lease_s=60) is None
        assert not videos.end_render(tx, lease)


# --- the queue ---


def test_places_take_turns_between_people(
    database: Database, person: Person, add_person: Add
) -> None:
    ben = add_person("Ben")
    for who in (person, person, ben):
        with database.as_service() as tx:
            add_held(tx, who)
    with database.as_person(person.id) as tx:
        rows = generations.team_queue(tx, mine=False, limit=10)
        own = generations.team_queue(tx, mine=True, limit=10)
    assert [(row["place"], row["person_name"]) for row in rows] == [
        (1, "Ann"),
        (2, "Ben"),
        (3, "Ann"),
    ]
    assert [row["place"] for row in own] == [1, 3]


def test_the_place_is_the_order_in_which_work_is_claimed(
    database: Database, person: Person, add_person: Add
) -> None:
    ben = add_person("Ben")
    for who, lane in zip("abbaba", ("interactive",) * 5 + ("batch",), strict=True):
        with database.as_service() as tx:
            add_held(tx, person if who == "a" else ben, lane=lane)
    with database.as_person(person.id) as tx:
        shown = [row["id"] for row in generations.team_queue(tx, mine=False, limit=10)]
    assert _claimed(database) == shown


def test_those_admitted_at_once_are_ranked_as_they_are_claimed(
    database: Database, person: Person, add_person: Add
) -> None:
    ben = add_person("Ben")
    with database.as_service() as tx:
        for who in (person, ben) * 4:
            add_held(tx, who)
    with database.as_person(person.id) as tx:
        shown = [row["id"] for row in generations.team_queue(tx, mine=False, limit=10)]
    assert _claimed(database) == shown


def test_the_queue_is_shown_to_people_only(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        add_held(tx, person)
        assert generations.team_queue(tx, mine=False, limit=10) == []


def _claimed(database: Database) -> list[UUID]:
    claimed = []
    with database.as_service() as tx:
        while lease := generations.claim_submit(tx, in_flight_limit=99, lease_s=60):
            claimed.append(lease.generation_id)
    return claimed


def test_a_manager_reads_the_teams_prompts_and_a_member_only_their_own(
    database: Database, person: Person, add_person: Add
) -> None:
    mia, ben = add_person("Mia", role=Role.MANAGER), add_person("Ben")
    with database.as_service() as tx:
        add_held(tx, person, title="secret")
    for who, seen in ((mia, "secret"), (person, "secret"), (ben, None)):
        with database.as_person(who.id) as tx:
            (row,) = generations.team_queue(tx, mine=False, limit=10)
        assert row["title"] == seen


def test_finished_ones_follow_for_a_day_newest_first(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        first, second, old = (add_held(tx, person, title=name) for name in "abc")
        for made in (first, second, old):
            move(tx, made, S.CANCELED)
        waiting = add_held(tx, person)
    as_owner("update studio.generations set finished_at = now() - interval '25 hours' "
             "where id = %s", old)  # fmt: skip
    with database.as_person(person.id) as tx:
        rows = generations.team_queue(tx, mine=False, limit=10)
    assert [row["id"] for row in rows] == [waiting, second, first]


# --- what is usual ---


def test_nothing_is_usual_before_the_first(database: Database) -> None:
    with database.as_service() as tx:
        usual = generations.usual_seconds(tx, model="lite", resolution="480p", duration_s=5)
    assert usual == {"p50_s": None, "p90_s": None, "n": 0}


def test_the_usual_time_is_that_of_the_same_kind(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        for resolution in ("480p", "480p", "720p"):
            parameters = {"resolution": resolution, "duration_s": 5}
            finish(tx, add_held(tx, person, parameters=parameters))
    as_owner("update studio.generations set submitted_at = finished_at - interval '1 minute'")
    with database.as_service() as tx:
        usual = generations.usual_seconds(tx, model="lite", resolution="480p", duration_s=5)
    assert usual == {"p50_s": 60, "p90_s": 60, "n": 2}


def test_a_generation_comes_back_as_it_was_written(database: Database, person: Person) -> None:
    new = new_generation(person)
    with database.as_service() as tx:
        generations.insert(tx, new)
        read = generations.by_id(tx, new.id)
    for name in set(new.__dataclass_fields__) & set(read.__dataclass_fields__):
        assert getattr(read, name) == getattr(new, name), name
    assert read.created_at.utcoffset() == timedelta(0)


def test_unclaimed_work_is_counted_by_its_queue(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        add_held(tx, person)
        move(tx, add_held(tx, person), S.SUBMITTING, S.WAITING, S.COLLECTING)
        add_attempt(tx, add_held(tx, person))
        assert generations.work_to_ring(tx) == {"submit": 2, "collect": 1, "media": 0}
        assert generations.in_flight(tx) == {"in_flight": 0, "queued": 2}
