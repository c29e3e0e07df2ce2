"""People, teams, campaigns, sign-ins and links."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest

from storage.errors import RecordConflict, RecordNotFound
from storage.models import Person, Role
from storage.postgres import Database
from storage.records import campaigns, events, people, sessions
from tests.integration.record.record_rows import sql

Add = Callable[..., Person]
Owner = Callable[..., list[Any]]


def test_people_are_found_by_id_and_by_address_in_any_case(
    database: Database, person: Person
) -> None:
    with database.as_service() as tx:
        assert people.by_id(tx, person.id) == person
        assert people.by_email(tx, "ANN@Acme.Test") == person
        assert people.by_email(tx, "nobody@acme.test") is None
        with pytest.raises(RecordNotFound):
            people.by_id(tx, uuid4())


@pytest.mark.parametrize(
    ("email", "constraint"),
    [
        ("ann@acme.test", "people_email"),
        ("ANN@ACME.TEST", "people_email"),
        ("no address", "people_email_check"),
        ("", "people_email_check"),
        ("a@b c", "people_email_check"),
    ],
)
def test_an_address_is_one_and_belongs_to_one(
    database: Database, person: Person, email: str, constraint: str
) -> None:
    with pytest.raises(RecordConflict) as refused, database.as_service() as tx:
        people.add(tx, email=email, name="Other", role=Role.MEMBER, team="Marketing")
    assert refused.value.constraint == constraint


def test_a_team_is_made_once_whatever_its_case(database: Database) -> None:
    with database.as_service() as tx:
        assert people.ensure_team(tx, "Sales") == people.ensure_team(tx, "SALES")
        assert [row["name"] for row in tx.all(sql("select name from studio.teams"))] == ["Sales"]


def test_a_team_that_two_make_at_once_is_one(database: Database) -> None:
    def make() -> UUID:
        with database.as_service() as tx:
            return people.ensure_team(tx, "Sales")

    with ThreadPoolExecutor(1) as other, database.as_service() as tx:
        mine = people.ensure_team(tx, "Sales")
        theirs = other.submit(make)
        while not tx.all(sql("select 1 from pg_locks where not granted")):
            assert not theirs.done()
    assert theirs.result(timeout=30) == mine


def test_everybody_is_listed_by_name(database: Database, add_person: Add) -> None:
    for name in ("Cid", "ann", "Ben"):
        add_person(name)
    with database.as_service() as tx:
        assert [p.name for p in people.everybody(tx)] == ["ann", "Ben", "Cid"]


def test_the_first_admin_is_the_longest_standing_active_one(
    database: Database, add_person: Add
) -> None:
    with database.as_service() as tx:
        assert people.first_admin(tx) is None
    gone, first, _ = (add_person(name, role=Role.ADMIN) for name in ("Ada", "Bea", "Cat"))
    with database.as_service() as tx:
        people.change(tx, gone.id, active=False)
        assert people.first_admin(tx) == first


def test_a_change_leaves_what_is_not_named(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        people.change(tx, person.id, role=Role.MANAGER)
        people.change(tx, person.id, team="Sales")
        changed = people.by_id(tx, person.id)
    assert (changed.role, changed.team_name, changed.active) == (Role.MANAGER, "Sales", True)


def test_a_password_is_replaced_and_useless_for_somebody_who_left(
    database: Database, person: Person
) -> None:
    with database.as_service() as tx:
        assert people.password_hash(tx, person.id) is None
        people.set_password_hash(tx, person.id, "one")
        people.set_password_hash(tx, person.id, "two")
        assert people.password_hash(tx, person.id) == "two"
        people.change(tx, person.id, active=False)
        assert people.password_hash(tx, person.id) is None


# --- campaigns ---


def test_a_campaign_is_made_once_per_team(
    database: Database, person: Person, add_person: Add
) -> None:
    other = add_person("Cid", team="Sales")
    with database.as_service() as tx:
        spring = campaigns.ensure(tx, person.team_id, "Spring", person.id)
        assert campaigns.ensure(tx, person.team_id, "SPRING", person.id) == spring
        assert campaigns.ensure(tx, other.team_id, "Spring", other.id) != spring


def test_a_campaign_that_two_make_at_once_is_one(database: Database, person: Person) -> None:
    def make() -> UUID:
        with database.as_person(person.id) as tx:
            return campaigns.ensure(tx, person.team_id, "Spring", person.id).id

    with ThreadPoolExecutor(1) as other, database.as_service() as tx:
        mine = campaigns.ensure(tx, person.team_id, "Spring", person.id)
        theirs = other.submit(make)
        while not tx.all(sql("select 1 from pg_locks where not granted")):
            assert not theirs.done()
    assert theirs.result(timeout=30) == mine.id


def test_an_archived_campaign_frees_its_name(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        old = campaigns.ensure(tx, person.team_id, "Spring", person.id)
    as_owner("update studio.campaigns set archived_at = now()")
    with database.as_service() as tx:
        new = campaigns.ensure(tx, person.team_id, "Spring", person.id)
        assert campaigns.open_campaigns(tx) == [new]
    assert new.id != old.id


# --- sessions and links ---


def test_a_session_is_found_by_its_token_and_its_id(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        session_id = sessions.open_session(tx, "token", person.id, hours=1, user_agent="x" * 999)
        found = sessions.find(tx, "token")
        assert found == sessions.find_by_id(tx, session_id)
        assert sessions.find(tx, "other") is None
    assert found is not None
    assert found.person == person


def test_a_token_is_kept_as_its_hash_only(
    database: Database, as_owner: Owner, person: Person
) -> None:
    with database.as_service() as tx:
        sessions.open_session(tx, "token", person.id, hours=1, user_agent="")
        sessions.add_link(tx, "token", person.id, hours=1)
    rows = as_owner("select s::text || l::text from studio.sessions s, studio.sign_in_links l")
    assert "token" not in rows[0][0]
    assert b"token".hex() not in rows[0][0]


@pytest.mark.parametrize(
    "ending",
    [
        "update studio.sessions set expires_at = now()",
        "update studio.sessions set revoked_at = now()",
        "update studio.people set active = false",
        "delete from studio.people",
    ],
)
def test_a_session_ends(database: Database, as_owner: Owner, person: Person, ending: str) -> None:
    with database.as_service() as tx:
        session_id = sessions.open_session(tx, "token", person.id, hours=1, user_agent="")
    as_owner(ending)
    with database.as_service() as tx:
        assert sessions.find(tx, "token") is None
        assert sessions.find_by_id(tx, session_id) is None


def test_sessions_are_revoked_alone_or_together(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        first, _, _ = (
            sessions.open_session(tx, token, person.id, hours=1, user_agent="") for token in "abc"
        )
        sessions.revoke(tx, first)
        sessions.revoke(tx, first)
        assert sessions.find(tx, "a") is None
        assert sessions.find(tx, "b") is not None
        assert sessions.revoke_of_person(tx, person.id) == 2
        assert sessions.find(tx, "b") is sessions.find(tx, "c") is None


def test_a_link_signs_in_once(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        sessions.add_link(tx, "link", person.id, hours=1)
        assert sessions.use_link(tx, "link") == person.id
        assert sessions.use_link(tx, "link") is None
        assert sessions.use_link(tx, "unknown") is None


def test_a_link_that_many_use_at_once_signs_in_once(database: Database, person: Person) -> None:
    def use(_: int) -> UUID | None:
        with database.as_service() as tx:
            return sessions.use_link(tx, "link")

    with database.as_service() as tx:
        sessions.add_link(tx, "link", person.id, hours=1)
    with ThreadPoolExecutor(6) as threads:
        used = [found for found in threads.map(use, range(12)) if found]
    assert used == [person.id]


@pytest.mark.parametrize(
    "ending",
    [
        "update studio.sign_in_links set expires_at = now()",
        "update studio.people set active = false",
    ],
)
def test_a_link_ends(database: Database, as_owner: Owner, person: Person, ending: str) -> None:
    with database.as_service() as tx:
        sessions.add_link(tx, "link", person.id, hours=1)
    as_owner(ending)
    with database.as_service() as tx:
        assert sessions.use_link(tx, "link") is None


# --- events and processes ---


def test_an_event_keeps_who_what_and_its_details(database: Database, person: Person) -> None:
    with database.as_service() as tx:
        events.add(tx, "error", person_id=person.id, team_id=person.team_id, where="a 'page'")
        (row,) = tx.all(sql("select kind, person_id, detail from studio.events"))
    assert row == {"kind": "error", "person_id": person.id, "detail": {"where": "a 'page'"}}


def test_an_event_of_no_known_kind_is_refused(database: Database) -> None:
    with pytest.raises(RecordConflict), database.as_service() as tx:
        events.add(tx, "danced")


def test_a_process_is_at_work_until_it_leaves_or_falls_silent(
    database: Database, as_owner: Owner
) -> None:
    with database.as_service() as tx:
        events.beat(tx, "watcher")
        events.beat(tx, "watcher")
        assert events.at_work(tx, within_s=40) == {"watcher": 1}
        events.leave(tx)
        assert events.at_work(tx, within_s=40) == {}
        events.beat(tx, "watcher")
    as_owner("update studio.processes set beat_at = now() - interval '25 hours'")
    with database.as_service() as tx:
        assert events.at_work(tx, within_s=40) == {}
        events.forget_silent(tx)
        assert tx.all(sql("select 1 from studio.processes")) == []
