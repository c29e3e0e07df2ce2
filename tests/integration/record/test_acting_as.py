"""As whom a transaction acts, and what anybody may call."""

from __future__ import annotations

from uuid import uuid4

import pytest

from storage.errors import RecordError, RecordNotFound
from storage.postgres import Database
from storage.records import videos
from tests.integration.record.house import OWN, House
from tests.integration.record.record_rows import acting, sql

READABLE = (
    "organisation",
    "teams",
    "people",
    "campaigns",
    "generations",
    "generation_history",
    "attempts",
    "budgets",
    "holds",
    "charges",
    "videos",
    "renditions",
    "provider_state",
    "alerts",
    "alert_deliveries",
    "team_queue",
)


@pytest.mark.parametrize("claims", ["", "{}", '{"role": "authenticated"}', '{"sub": null}'])
def test_without_a_name_nothing_is_seen(house: House, claims: str) -> None:
    with acting(house.url, "authenticated", claims) as tx:
        assert tx.one(sql("select auth.uid() as id")) == {"id": None}
        for table in READABLE:
            assert tx.all(sql(f"select 1 from studio.{table}")) == []


def test_claims_that_are_no_claims_are_refused(house: House) -> None:
    with pytest.raises(RecordError), acting(house.url, "authenticated", "not json") as tx:
        tx.all(sql("select 1 from studio.generations"))


def test_role_and_claims_end_with_the_transaction(house: House) -> None:
    who = sql("select current_user::text as role, auth.uid() as id, pg_backend_pid() as pid")
    with Database(house.url, max_connections=1) as narrow:
        with narrow.as_person(house.people[OWN].id) as tx:
            first = tx.one(who)
        with narrow.as_service() as tx:
            second = tx.one(who)
        with pytest.raises(RecordNotFound), narrow.as_person(house.people[OWN].id) as tx:
            tx.one(sql("select 1 where false"))
        with narrow._pool.connection() as bare:
            after = bare.execute(who.text).fetchone()
    assert after is not None
    assert (first["role"], first["id"]) == ("authenticated", house.people[OWN].id)
    assert (second["role"], second["id"]) == ("service_role", None)
    assert (after["role"], after["id"], after["pid"]) == ("studio", None, first["pid"])


def test_parameters_are_no_sql(house: House) -> None:
    with house.acting_as(OWN) as tx:
        assert videos.page(tx, person_id=uuid4(), search="'; reset role; --") == []


# --- functions ---

FOR_PEOPLE = {
    "asks_questions",
    "my_role",
    "my_team",
    "my_room",
    "my_budgets",
    "place_hold",
    "person_name",
    "acts_as_person",
    "sees_budget",
    "set_budget",
    "remove_budget",
    "grant_budget",
    "end_grant",
    "adjust_charge",
    "adjust_scope",
    "note_refusal",
    "queue_load",
    "watcher_seen_at",
    "takes_part",
    "video_fields",
    "edited_tags",
    "video_words",
    "search_query",
    "find_few",
    "may_manage_share",
}


def test_functions_are_granted_to_those_who_need_them_only(house: House) -> None:
    with house.database.as_service() as tx:
        rows = tx.all(
            sql("""
            select p.proname as name,
                has_function_privilege('authenticated', p.oid, 'execute') as people,
                has_function_privilege('anon', p.oid, 'execute') as anyone
            from pg_proc as p where p.pronamespace = 'studio'::regnamespace""")
        )
    assert {row["name"] for row in rows if row["people"]} == FOR_PEOPLE
    assert {row["name"] for row in rows if row["anyone"]} == set()


def test_every_function_looks_names_up_nowhere_by_itself(house: House) -> None:
    with house.database.as_service() as tx:
        rows = tx.all(
            sql("""
            select proname from pg_proc where pronamespace = 'studio'::regnamespace
            and not coalesce(proconfig @> array['search_path=""'], false)""")
        )
    assert rows == []
