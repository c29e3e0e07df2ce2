from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs import library
from jobs.bootstrap import Services
from jobs.errors import NotAllowed
from storage.errors import RecordNotFound
from storage.models import Person, Role, Video
from storage.records import videos
from tests.kept_videos import KeptVideos


@pytest.fixture
def video_id(
    services: Services, submit: Callable[..., UUID], as_owner: Callable[..., list[Any]]
) -> UUID:
    return KeptVideos(services, submit, as_owner).add()


def read(services: Services, person: Person, video_id: UUID) -> Video:
    with services.database.as_person(person.id) as tx:
        return videos.by_id(tx, video_id)


def events_of(as_owner: Callable[..., list[Any]], video_id: UUID) -> list[str]:
    rows = as_owner(
        "select kind from studio.events where generation_id = %s and kind <> 'submitted' "
        "order by id",
        video_id,
    )
    return [row[0] for row in rows]


def test_a_trashed_video_can_be_taken_back(
    services: Services, person: Person, video_id: UUID, as_owner: Callable[..., list[Any]]
) -> None:
    library.trash(services, person, video_id)
    assert read(services, person, video_id).deleted_at is not None
    library.restore(services, person, video_id)
    assert read(services, person, video_id).deleted_at is None
    assert events_of(as_owner, video_id) == ["trashed", "restored"]


def test_trashing_twice_is_one_event(
    services: Services, person: Person, video_id: UUID, as_owner: Callable[..., list[Any]]
) -> None:
    library.trash(services, person, video_id)
    library.trash(services, person, video_id)
    assert events_of(as_owner, video_id) == ["trashed"]


def test_restoring_what_is_not_in_the_trash_changes_nothing(
    services: Services, person: Person, video_id: UUID, as_owner: Callable[..., list[Any]]
) -> None:
    library.restore(services, person, video_id)
    assert events_of(as_owner, video_id) == []


@pytest.mark.parametrize("use_case", [library.trash, library.restore])
def test_a_colleagues_video_stays_where_it_is(
    services: Services,
    add_person: Callable[..., Person],
    video_id: UUID,
    as_owner: Callable[..., list[Any]],
    use_case: Callable[[Services, Person, UUID], None],
) -> None:
    with pytest.raises(NotAllowed, match="belongs to Ann"):
        use_case(services, add_person("Bob"), video_id)
    assert events_of(as_owner, video_id) == []


@pytest.mark.parametrize(
    ("role", "team"), [(Role.MANAGER, "Marketing"), (Role.ADMIN, "Head office")]
)
def test_managers_of_the_team_and_admins_may_move_it(
    services: Services, add_person: Callable[..., Person], video_id: UUID, role: Role, team: str
) -> None:
    chief = add_person("Cleo", role=role, team=team)
    library.trash(services, chief, video_id)
    assert read(services, chief, video_id).deleted_at is not None


@pytest.mark.parametrize("use_case", [library.trash, library.restore, library.note_view])
def test_another_teams_video_is_not_there(
    services: Services,
    add_person: Callable[..., Person],
    video_id: UUID,
    use_case: Callable[[Services, Person, UUID], None],
) -> None:
    stranger = add_person("Mia", role=Role.MANAGER, team="Sales")
    with pytest.raises(RecordNotFound):
        use_case(services, stranger, video_id)


def test_an_unknown_video_is_not_there(services: Services, person: Person) -> None:
    with pytest.raises(RecordNotFound):
        library.trash(services, person, uuid4())


def test_a_view_is_written_down_for_the_one_who_looks(
    services: Services,
    add_person: Callable[..., Person],
    video_id: UUID,
    as_owner: Callable[..., list[Any]],
) -> None:
    bob = add_person("Bob")
    library.note_view(services, bob, video_id)
    rows = as_owner("select person_id, generation_id from studio.events where kind = 'viewed'")
    assert rows == [(bob.id, video_id)]


@pytest.mark.parametrize(
    ("role", "team", "may"),
    [
        (Role.MEMBER, "Marketing", False),
        (Role.ANALYST, "Marketing", False),
        (Role.MANAGER, "Marketing", True),
        (Role.MANAGER, "Sales", False),
        (Role.ADMIN, "Sales", True),
    ],
)
def test_pages_know_beforehand_who_may_move_a_video(
    services: Services,
    person: Person,
    add_person: Callable[..., Person],
    video_id: UUID,
    role: Role,
    team: str,
    may: bool,
) -> None:
    video = read(services, person, video_id)
    assert library.may_move(add_person("Zoe", role=role, team=team), video) is may
    assert library.may_move(person, video)
