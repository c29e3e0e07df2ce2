"""The end of the trash: after 30 days the files go, whatever is killed in between; spend stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from jobs import library
from jobs.bootstrap import Services
from jobs.file_recovery import purge_trash
from jobs.library import TRASH_DAYS
from storage.errors import ObjectStoreUnavailable, RecordNotFound
from storage.models import Person
from storage.objects.local import LocalStore
from storage.postgres import Database, Transaction
from storage.records import ledger, videos

Keep = Callable[..., UUID]
Owner = Callable[..., list[Any]]


class Killed(BaseException):
    """As when the process ends: nothing catches it."""


@pytest.fixture
def trashed(
    services: Services, keep: Keep, person: Person, as_owner: Owner
) -> Callable[[float], UUID]:
    """A video that has been in the trash for so many days."""

    def run(days: float) -> UUID:
        video_id = keep()
        library.trash(services, person, video_id)
        as_owner(
            "update studio.videos set deleted_at = now() - make_interval(secs => %s) where id = %s",
            days * 86_400,
            video_id,
        )
        return video_id

    return run


def test_a_video_is_purged_after_its_days_in_the_trash(
    services: Services, trashed: Any, keys: Any, renditions: Any, events_of: Any
) -> None:
    video_id = trashed(TRASH_DAYS + 0.01)
    assert purge_trash(services) == 1
    assert not any(str(video_id) in key for key in keys())
    assert renditions(video_id) == {}
    assert events_of(video_id) == ["purged"]
    assert purge_trash(services) == 0


def test_a_video_stays_in_the_trash_until_then(
    services: Services, trashed: Any, keys: Any, person: Person
) -> None:
    video_id = trashed(TRASH_DAYS - 0.01)
    before = keys()
    assert purge_trash(services) == 0
    assert keys() == before
    library.restore(services, person, video_id)


def test_a_video_that_is_not_in_the_trash_is_not_purged(
    services: Services, keep: Keep, keys: Any
) -> None:
    keep()
    before = keys()
    assert purge_trash(services) == 0
    assert keys() == before


def test_generation_spend_and_history_stay(
    services: Services, trashed: Any, as_owner: Owner
) -> None:
    video_id = trashed(31)
    purge_trash(services)
    with services.database.as_service() as tx:
        assert ledger.charge_of(tx, video_id) is not None
    counts = (
        "select (select count(*) from studio.generations), (select count(*) from studio.videos)"
    )
    assert as_owner(counts) == [(1, 1)]
    assert as_owner("select count(*) from studio.generation_history")[0][0] > 0


def test_nobody_finds_or_restores_a_purged_video(
    services: Services, trashed: Any, person: Person
) -> None:
    video_id = trashed(31)
    purge_trash(services)
    with pytest.raises(RecordNotFound):
        library.restore(services, person, video_id)
    with services.database.as_person(person.id) as tx:
        assert videos.page(tx, person_id=person.id, trashed=True) == []


def test_a_file_that_the_record_does_not_name_goes_too(
    services: Services, trashed: Any, put: Any, keys: Any
) -> None:
    video_id = trashed(31)
    put(f"videos/{video_id}/480p.mp4")
    purge_trash(services)
    assert not any(str(video_id) in key for key in keys())


def test_a_video_that_is_being_rendered_waits(
    services: Services, trashed: Any, as_owner: Owner, keys: Any
) -> None:
    trashed(31)
    as_owner("update studio.videos set render_lease_until = now() + interval '30 seconds'")
    before = keys()
    assert purge_trash(services) == 0
    assert keys() == before


class DyingStore(LocalStore):
    """A store in which the process dies at a call, before or after it had its effect."""

    call, after = "", False

    def delete(self, keys: list[str]) -> None:
        if self.call == "delete" and not self.after:
            super().delete(keys[:1])
        self._or_die("delete", lambda: super(DyingStore, self).delete(keys))

    def list(self, prefix: str) -> Any:
        return self._or_die("list", lambda: iter([*super(DyingStore, self).list(prefix)]))

    def _or_die(self, call: str, act: Callable[[], Any]) -> Any:
        if self.call == call and not self.after:
            raise Killed
        result = act()
        if self.call == call:
            raise Killed
        return result


class DyingDatabase:
    """The record, in which the process dies in the nth transaction, before or after its commit."""

    def __init__(self, database: Database, dies_in: int, *, committed: bool) -> None:
        self._database, self._left, self._committed = database, dies_in, committed

    @contextmanager
    def as_service(self) -> Iterator[Transaction]:
        self._left -= 1
        with self._database.as_service() as tx:
            yield tx
            if self._left == 0 and not self._committed:
                raise Killed
        if self._left == 0:
            raise Killed


def die_then_go_on(services: Services, dying: Services, video_id: UUID, events: Any) -> None:
    with pytest.raises(Killed):
        purge_trash(dying)
    purge_trash(services)
    assert list(services.store.list(f"videos/{video_id}")) == []
    assert events(video_id) == ["purged"]
    with services.database.as_service() as tx:
        assert videos.renditions_of(tx, video_id) == {}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("call", ["list", "delete"])
def test_a_purge_that_is_killed_at_the_store_is_done_anew(
    services: Services, trashed: Any, events_of: Any, call: str, after: bool
) -> None:
    video_id = trashed(31)
    store = DyingStore(services.settings.data_dir / "objects")
    store.call, store.after = call, after
    die_then_go_on(services, replace(services, store=store), video_id, events_of)


@pytest.mark.parametrize("committed", [False, True])
@pytest.mark.parametrize("dies_in", [1, 2, 3])
def test_a_purge_that_is_killed_at_the_record_is_done_anew(
    services: Services, trashed: Any, events_of: Any, dies_in: int, committed: bool
) -> None:
    video_id = trashed(31)
    database: Any = DyingDatabase(services.database, dies_in, committed=committed)
    die_then_go_on(services, replace(services, database=database), video_id, events_of)


def test_a_store_that_refuses_one_video_does_not_hold_up_the_others(
    services: Services, trashed: Any
) -> None:
    stubborn, other = trashed(31), trashed(31)

    class Stubborn(LocalStore):
        def delete(self, keys: list[str]) -> None:
            if str(stubborn) in keys[0]:
                raise ObjectStoreUnavailable("Not now.")
            super().delete(keys)

    store = Stubborn(services.settings.data_dir / "objects")
    assert purge_trash(replace(services, store=store)) == 1
    assert list(services.store.list(f"videos/{other}")) == []
    assert purge_trash(services) == 1
