from collections.abc import Callable, Collection
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs import curation, library
from jobs.bootstrap import Services
from jobs.curation import Done, Verdict
from jobs.errors import IllegalTransition, InvalidRequest, NotAllowed
from jobs.gallery_filters import GENERATION_STATUSES, GalleryView, Status, parse_view
from storage.errors import RecordNotFound
from storage.models import Person, Role, Video
from storage.records import campaigns, gallery, videos
from storage.records.gallery import Sort
from tests.kept_videos import KeptVideos

Act = Callable[[Services, Person, Collection[UUID]], Done]
RATE: Act = lambda s, p, ids: curation.rate(s, p, ids, 4)  # noqa: E731
JUDGE: Act = lambda s, p, ids: curation.judge(s, p, ids, Verdict.APPROVED)  # noqa: E731
FAVOUR: Act = lambda s, p, ids: curation.favour(s, p, ids, favourite=True)  # noqa: E731
TAG: Act = lambda s, p, ids: curation.tag(s, p, ids, add=["spring"])  # noqa: E731
LEAVE: Act = lambda s, p, ids: curation.move(s, p, ids, None)  # noqa: E731
OPINIONS = {"rate": RATE, "judge": JUDGE}
EDITS = {"tag": TAG, "trash": curation.trash, "restore": curation.restore, "move": LEAVE}
EVERYTHING = {**OPINIONS, **EDITS, "favour": FAVOUR}


@pytest.fixture
def kept(
    services: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> KeptVideos:
    return KeptVideos(services, submit, as_owner)


@pytest.fixture
def two(kept: KeptVideos) -> list[UUID]:
    return [kept.add(), kept.add()]


def read(services: Services, person: Person, video_id: UUID) -> Video:
    with services.database.as_person(person.id) as tx:
        return videos.by_id(tx, video_id)


def kinds(as_owner: Callable[..., list[Any]]) -> list[str]:
    rows = as_owner("select kind from studio.events where kind <> 'submitted' order by id")
    return [row[0] for row in rows]


def found(services: Services, person: Person, **parameters: str) -> list[UUID]:
    with services.database.as_person(person.id) as tx:
        reader = gallery.reader_of(person, "Europe/Berlin")
        planned = gallery.plan(tx, reader, parse_view(parameters).of(person.id))
        return gallery.all_ids(tx, planned, Sort.NEWEST, limit=100)


def test_stars_are_counted_over_everybody(
    services: Services, person: Person, add_person: Callable[..., Person], two: list[UUID]
) -> None:
    bob = add_person("Bob")
    curation.rate(services, person, two, 5)
    curation.rate(services, bob, two, 4)
    seen = curation.opinion(services, bob, two[0])
    assert (seen.rating, seen.rating_count, seen.my_stars) == (Decimal("4.5"), 2, 4)
    assert found(services, bob, rating="5") == []
    assert set(found(services, bob, rating="4")) == set(two)


def test_stars_can_be_taken_back(
    services: Services, person: Person, two: list[UUID], as_owner: Callable[..., list[Any]]
) -> None:
    curation.rate(services, person, two, 3)
    curation.rate(services, person, two[:1], None)
    seen = curation.opinion(services, person, two[0])
    assert (seen.rating, seen.rating_count, seen.my_stars) == (None, 0, None)
    assert kinds(as_owner) == ["rated"] * 3


def test_the_same_again_changes_nothing(
    services: Services, person: Person, two: list[UUID], as_owner: Callable[..., list[Any]]
) -> None:
    curation.rate(services, person, two, 3)
    again = curation.rate(services, person, two, 3)
    assert (again.changed, again.already, again.undo_id) == ((), 2, None)
    assert kinds(as_owner) == ["rated"] * 2


def test_a_favourite_is_one_persons_own(
    services: Services, person: Person, add_person: Callable[..., Person], two: list[UUID]
) -> None:
    curation.favour(services, person, two[:1], favourite=True)
    assert found(services, person, favourite="1") == two[:1]
    assert found(services, add_person("Bob"), favourite="1") == []


def test_a_verdict_says_who_when_and_why(
    services: Services, person: Person, two: list[UUID], add_person: Callable[..., Person]
) -> None:
    bob = add_person("Bob")
    curation.judge(services, bob, two, Verdict.NEEDS_CHANGE, " More light ")
    seen = curation.opinion(services, person, two[0])
    assert (seen.verdict, seen.verdict_by_name) == (Verdict.NEEDS_CHANGE, "Bob")
    assert (seen.verdict_comment, seen.verdict_at is not None) == ("More light", True)
    assert set(found(services, person, verdict="needs_change")) == set(two)


def test_every_verdict_stays_in_the_history(
    services: Services, person: Person, two: list[UUID], as_owner: Callable[..., list[Any]]
) -> None:
    for verdict in (Verdict.REJECTED, Verdict.APPROVED, None):
        curation.judge(services, person, two[:1], verdict)
    history = curation.verdicts(services, person, two[0])
    assert [one.verdict for one in history] == [Verdict.REJECTED, Verdict.APPROVED, None]
    assert kinds(as_owner) == ["rejected", "approved", "verdict_withdrawn"]
    assert set(found(services, person, verdict="none")) == set(two)


def test_who_asks_for_a_change_says_which(
    services: Services, person: Person, two: list[UUID]
) -> None:
    with pytest.raises(InvalidRequest, match="what has to change"):
        curation.judge(services, person, two, Verdict.NEEDS_CHANGE, "  ")


def test_tags_are_added_and_removed_whatever_their_case(
    services: Services, person: Person, two: list[UUID]
) -> None:
    before = read(services, person, two[0]).tags
    curation.tag(services, person, two, add=["Spring", "spring", " big  sale "])
    assert read(services, person, two[0]).tags == [*before, "Spring", "big sale"]
    assert set(found(services, person, tag="BIG SALE")) == set(two)
    curation.tag(services, person, two, remove=["SPRING", "Big Sale"])
    assert read(services, person, two[0]).tags == before


def test_a_new_title_is_found_at_once(services: Services, person: Person, two: list[UUID]) -> None:
    curation.retitle(services, person, two[0], "  A dancing \n umbrella ")
    assert read(services, person, two[0]).title == "A dancing umbrella"
    assert found(services, person, q="umbr") == two[:1]


def test_videos_are_found_by_their_campaign_also_when_it_is_renamed(
    services: Services, person: Person, two: list[UUID], as_owner: Callable[..., list[Any]]
) -> None:
    with services.database.as_person(person.id) as tx:
        spring = campaigns.ensure(tx, person.team_id, "Springtide", person.id)
    curation.move(services, person, two[:1], spring.id)
    assert found(services, person, q="springt") == two[:1]
    as_owner("update studio.campaigns set name = 'Harvest' where id = %s", spring.id)
    assert found(services, person, q="springt") == []
    assert found(services, person, q="harvest") == two[:1]
    curation.move(services, person, two, None)
    assert found(services, person, q="harvest") == []


def test_a_video_moves_to_no_other_teams_campaign(
    services: Services, add_person: Callable[..., Person], two: list[UUID]
) -> None:
    admin = add_person("Ada", role=Role.ADMIN, team="Office")
    with services.database.as_person(admin.id) as tx:
        office = campaigns.ensure(tx, admin.team_id, "Internal", admin.id)
    with pytest.raises(NotAllowed):
        curation.move(services, admin, two, office.id)
    assert read(services, admin, two[0]).campaign_id is None


@pytest.mark.parametrize("name", EVERYTHING)
def test_what_was_done_can_be_undone_once(
    services: Services, person: Person, two: list[UUID], name: str
) -> None:
    if name == "restore":
        curation.trash(services, person, two)
    if name == "move":
        with services.database.as_person(person.id) as tx:
            spring = campaigns.ensure(tx, person.team_id, "Spring", person.id)
        curation.move(services, person, two, spring.id)
    before = [state(services, person, one) for one in two]
    done = EVERYTHING[name](services, person, two)
    assert set(done.changed) == set(two)
    assert [state(services, person, one) for one in two] != before
    assert done.undo_id is not None
    assert curation.undo(services, person, done.undo_id) == 2
    assert [state(services, person, one) for one in two] == before
    with pytest.raises(IllegalTransition):
        curation.undo(services, person, done.undo_id)


def state(services: Services, person: Person, video_id: UUID) -> tuple[object, ...]:
    video, seen = read(services, person, video_id), curation.opinion(services, person, video_id)
    fields = (video.title, tuple(video.tags), video.campaign_id, video.deleted_at)
    return (*fields, seen.my_stars, seen.favourite, seen.verdict)


def test_undoing_leaves_alone_what_was_changed_since(
    services: Services, person: Person, two: list[UUID], add_person: Callable[..., Person]
) -> None:
    chief = add_person("Cleo", role=Role.MANAGER)
    done = curation.tag(services, person, two, add=["draft"])
    curation.retitle(services, chief, two[0], "Better")
    assert done.undo_id is not None
    assert curation.undo(services, person, done.undo_id) == 1
    assert "draft" in read(services, person, two[0]).tags
    assert "draft" not in read(services, person, two[1]).tags


def test_trash_and_restore_keep_everything(
    services: Services, person: Person, two: list[UUID]
) -> None:
    curation.tag(services, person, two, add=["kept"])
    curation.rate(services, person, two, 5)
    before = [state(services, person, one) for one in two]
    curation.trash(services, person, two)
    assert found(services, person) == []
    assert set(found(services, person, status="trashed")) == set(two)
    assert set(found(services, person, status="trashed", q="kept")) == set(two)
    curation.restore(services, person, two)
    assert [state(services, person, one) for one in two] == before


@pytest.mark.parametrize("name", EDITS)
def test_colleagues_videos_are_left_out(
    services: Services,
    person: Person,
    add_person: Callable[..., Person],
    kept: KeptVideos,
    name: str,
) -> None:
    bob = add_person("Bob")
    mixed = [kept.add(), kept.add(bob)]
    if name == "restore":
        curation.trash(services, add_person("Cleo", role=Role.MANAGER), mixed)
    done = EDITS[name](services, bob, [*mixed, uuid4()])
    assert (done.refused, done.gone) == (1, 1)
    assert set(done.changed) <= {mixed[1]}


@pytest.mark.parametrize("name", EDITS)
def test_who_may_change_none_of_them_is_told_whose_they_are(
    services: Services, add_person: Callable[..., Person], two: list[UUID], name: str
) -> None:
    with pytest.raises(NotAllowed, match="belong to Ann"):
        EDITS[name](services, add_person("Bob"), two)


@pytest.mark.parametrize("name", EVERYTHING)
def test_another_teams_videos_are_not_there(
    services: Services, add_person: Callable[..., Person], two: list[UUID], name: str
) -> None:
    with pytest.raises(RecordNotFound):
        EVERYTHING[name](services, add_person("Mia", role=Role.MANAGER, team="Sales"), two)


@pytest.mark.parametrize("name", [*OPINIONS, *EDITS])
def test_analysts_only_look(
    services: Services, add_person: Callable[..., Person], two: list[UUID], name: str
) -> None:
    with pytest.raises(NotAllowed, match="looks"):
        EVERYTHING[name](services, add_person("Ana", role=Role.ANALYST), two)


@pytest.mark.parametrize("name", EVERYTHING)
def test_a_thousand_at_once_and_no_more(services: Services, person: Person, name: str) -> None:
    with pytest.raises(InvalidRequest, match="1,000"):
        EVERYTHING[name](services, person, [uuid4() for _ in range(1001)])


@pytest.mark.parametrize("stars", [0, 6, -1])
def test_stars_are_one_to_five(services: Services, person: Person, stars: int) -> None:
    with pytest.raises(InvalidRequest, match="one to five"):
        curation.rate(services, person, [uuid4()], stars)


@pytest.mark.parametrize("title", ["", "  \n", "x" * 201])
def test_a_title_is_short_and_not_empty(services: Services, person: Person, title: str) -> None:
    with pytest.raises(InvalidRequest, match="title"):
        curation.retitle(services, person, uuid4(), title)


@pytest.mark.parametrize("tags", [[""], ["x" * 51], [f"t{n}" for n in range(31)]])
def test_tags_are_short_and_few(services: Services, person: Person, tags: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="tag"):
        curation.tag(services, person, [uuid4()], add=tags)


def test_saved_searches_are_ones_own_or_shared(
    services: Services, person: Person, add_person: Callable[..., Person]
) -> None:
    bob, mia = add_person("Bob"), add_person("Mia", team="Sales")
    view = parse_view({"q": "red shoe", "verdict": "approved", "sort": "rating"})
    curation.save_search(services, person, " Red  shoes ", view, shared=True)
    curation.save_search(services, person, "Private", GalleryView(), shared=False)
    mine = curation.saved_searches(services, person)
    assert [one.name for one in mine] == ["Private", "Red shoes"]
    (seen,) = curation.saved_searches(services, bob)
    assert (seen.name, seen.person_name, curation.view_of(seen)) == ("Red shoes", "Ann", view)
    assert curation.saved_searches(services, mia) == []


def test_saving_under_the_same_name_replaces(services: Services, person: Person) -> None:
    first = curation.save_search(services, person, "Mine", GalleryView(), shared=True)
    view = parse_view({"mine": "1"})
    assert curation.save_search(services, person, "mine", view, shared=False) == first
    (one,) = curation.saved_searches(services, person)
    assert (one.name, one.shared, curation.view_of(one)) == ("mine", False, view)


def test_a_shared_search_is_deleted_by_its_owner_or_a_manager(
    services: Services, person: Person, add_person: Callable[..., Person]
) -> None:
    shared = curation.save_search(services, person, "Ours", GalleryView(), shared=True)
    with pytest.raises(RecordNotFound):
        curation.delete_search(services, add_person("Bob"), shared)
    curation.delete_search(services, add_person("Cleo", role=Role.MANAGER), shared)
    assert curation.saved_searches(services, person) == []


@pytest.mark.parametrize(("played_s", "events"), [(1.9, []), (2.0, ["viewed"])])
def test_a_view_is_two_seconds_of_play(
    services: Services,
    person: Person,
    two: list[UUID],
    as_owner: Callable[..., list[Any]],
    played_s: float,
    events: list[str],
) -> None:
    library.note_view(services, person, two[0], played_s=played_s)
    assert kinds(as_owner) == events


def test_uses_leave_events_with_their_details(
    services: Services, person: Person, two: list[UUID], as_owner: Callable[..., list[Any]]
) -> None:
    library.note_download(services, person, two, rendition="web")
    library.note_zip(services, person, two)
    library.note_share(services, person, two[:1], how="link")
    library.note_compare(services, person, two)
    library.note_remix(services, person, two[0])
    library.note_search(services, person, parse_view({"q": "shoe"}), found=7)
    told = as_owner(
        "select kind, generation_id is not null, detail from studio.events "
        "where kind <> 'submitted' order by id"
    )
    assert [row[0] for row in told] == (
        ["downloaded"] * 2
        + ["zipped"] * 2
        + ["shared"]
        + ["compared"] * 2
        + ["remixed", "searched"]
    )
    assert told[0][1:] == (True, {"rendition": "web"})
    assert told[-1][1:] == (False, {"view": {"q": ["shoe"]}, "found": 7})


def test_adjusted_costs_reach_the_gallery(
    services: Services, person: Person, two: list[UUID], as_owner: Callable[..., list[Any]]
) -> None:
    as_owner(
        "insert into studio.charges (generation_id, person_id, team_id, kind, amount_usd, "
        "verified) select generation_id, person_id, team_id, 'adjustment', -0.01, true "
        "from studio.charges where generation_id = %s",
        two[0],
    )
    with services.database.as_person(person.id) as tx:
        planned = gallery.plan(tx, gallery.reader_of(person, "UTC"), GalleryView().filter)
        page = gallery.page(tx, planned, Sort.COST, limit=10)
    assert [(card.id, card.cost_usd) for card in page.cards] == [
        (two[1], Decimal("0.05")),
        (two[0], Decimal("0.04")),
    ]


def test_what_is_on_its_way_or_failed_is_shown_to_its_owner_only(
    services: Services,
    person: Person,
    add_person: Callable[..., Person],
    submit: Callable[..., UUID],
) -> None:
    making = submit(prompt="A kettle that sings in the morning")
    with services.database.as_person(person.id) as tx:
        reader = gallery.reader_of(person, "UTC")
        cards = gallery.unfinished(tx, reader, GENERATION_STATUSES[Status.MAKING], limit=5)
        failed = gallery.unfinished(tx, reader, GENERATION_STATUSES[Status.FAILED], limit=5)
        older = gallery.unfinished(
            tx, reader, GENERATION_STATUSES[Status.MAKING], limit=5, after=cards[0]
        )
    assert ([card.id for card in cards], failed, older) == ([making], [], [])
    bob = add_person("Bob")
    with services.database.as_person(bob.id) as tx:
        reader = gallery.reader_of(bob, "UTC")
        assert gallery.unfinished(tx, reader, GENERATION_STATUSES[Status.MAKING], limit=5) == []
