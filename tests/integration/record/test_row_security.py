"""Who sees and who changes what: Ann's rows, as each kind of person meets them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from psycopg.types.json import Jsonb

from storage.errors import RecordConflict, RecordForbidden
from storage.models import GenerationStatus, Role
from storage.postgres import Transaction
from storage.records import campaigns, curation, events, generations, ledger, people, videos
from storage.records.curation import Edit
from storage.records.gallery import Verdict
from storage.records.generations import NewGeneration
from tests.integration.record.house import (
    ADMIN,
    ALL,
    ANALYST,
    ANON,
    COLLEAGUE,
    MANAGER,
    NOBODY,
    OTHER_MANAGER,
    OUTSIDER,
    OWN,
    PEOPLE,
    House,
)
from tests.integration.record.record_rows import (
    ESTIMATE_USD,
    PATHS,
    acting,
    add_complete,
    add_held,
    move,
    new_generation,
    sql,
)

S = GenerationStatus
TEAM = {OWN, COLLEAGUE, MANAGER, ANALYST, ADMIN}
MANAGED = {OWN, MANAGER, ADMIN}
ASKING = {MANAGER, OTHER_MANAGER, ANALYST, ADMIN}
UNREADABLE = (
    "passwords",
    "sessions",
    "sign_in_links",
    "events",
    "processes",
    "turns",
    "transitions",
    "migrations",
    "held_usd",
    "spent_usd",
    "budget_refusals",
    "file_store",
    "file_rounds",
    "cdn_copies",
    "cdn_purges",
    "sync_marks",
)
SEEN_BY: dict[str, set[str]] = {
    "organisation": set(PEOPLE),
    "teams where name = 'Marketing'": set(PEOPLE),
    "provider_state": set(PEOPLE),
    "people where name = 'Ann'": TEAM,
    "campaigns where name = 'Spring'": TEAM,
    "generations": MANAGED,
    "generation_history": MANAGED,
    "attempts": MANAGED,
    "holds": MANAGED,
    "charges": MANAGED,
    "outcome_decisions": MANAGED,
    "videos": TEAM,
    "renditions": TEAM,
    "budgets where scope = 'organisation'": set(PEOPLE),
    "budgets where scope = 'person' and person_id is null": set(PEOPLE),
    "budgets where scope = 'team'": TEAM,
    "budgets where scope = 'campaign'": TEAM,
    "budgets where person_id is not null": MANAGED,
    "budget_grants": TEAM,
    "budget_changes where grant_id is not null": {MANAGER, ADMIN},
    "alerts where scope = 'studio'": {ADMIN},
    "alerts where scope = 'team'": {MANAGER, ADMIN},
    "alerts where scope = 'person'": MANAGED,
    "alert_deliveries": MANAGED,
    "event_kinds": set(PEOPLE),
    "video_ratings": TEAM,
    "video_favourites": {OWN},
    "exports": {OWN},
    "video_verdicts": TEAM,
    "video_changes": {OWN},
    "saved_searches where shared": TEAM,
    "saved_searches where not shared": {OWN},
    "saved_queries where shared_with = 'nobody'": {MANAGER},
    "saved_queries where shared_with = 'team'": {MANAGER, ANALYST, ADMIN},
    "saved_queries where shared_with = 'company'": ASKING,
    "saved_query_versions": ASKING,
    "query_runs": {MANAGER, ADMIN},
    "product_images": TEAM,
    "shares": MANAGED,
    "guest_verdicts": TEAM,
    "team_queue": TEAM,
    "team_queue where title is not null": MANAGED,
}
TABLES = {rows.split()[0] for rows in SEEN_BY} - {"team_queue"} | set(UNREADABLE)
TAKEN_BACK = {"video_ratings", "video_favourites", "saved_searches", "saved_queries"}
"""What a person gives and takes back; nothing else is ever deleted by one."""
CURATED = {*TAKEN_BACK, "video_verdicts", "video_changes", "product_images", "shares", "exports"}


@pytest.mark.parametrize("who", ALL)
@pytest.mark.parametrize("rows", SEEN_BY)
def test_rows_are_seen_by_exactly_those_they_concern(house: House, rows: str, who: str) -> None:
    seen = house.may(who, lambda tx: tx.all(sql(f"select 1 from studio.{rows}")))
    assert seen == (who in SEEN_BY[rows])


@pytest.mark.parametrize("table", UNREADABLE)
@pytest.mark.parametrize("who", ALL)
def test_some_tables_can_not_even_be_asked(house: House, table: str, who: str) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        tx.all(sql(f"select 1 from studio.{table}"))


def test_every_table_is_covered_here(house: House) -> None:
    with house.database.as_service() as tx:
        rows = tx.all(sql("select tablename from pg_tables where schemaname = 'studio'"))
        for table in {row["tablename"] for row in rows}:
            assert tx.all(sql(f"select 1 from studio.{table}")), f"{table} is empty"
    assert {row["tablename"] for row in rows} == TABLES


def test_every_table_has_row_security(house: House) -> None:
    with house.database.as_service() as tx:
        rows = tx.all(
            sql("select tablename from pg_tables where schemaname = 'studio' and not rowsecurity")
        )
    assert rows == []


@pytest.mark.parametrize("who", ALL)
def test_no_person_deletes_anything_of_the_record(house: House, who: str) -> None:
    for table in TABLES - TAKEN_BACK:
        with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
            tx.run(sql(f"delete from studio.{table}"))


INSERTABLE = {"campaigns", "generations", "events", "outcome_decisions", *CURATED}
INSERTABLE |= {"saved_query_versions"}


@pytest.mark.parametrize("who", ALL)
def test_people_insert_into_few_tables_only(house: House, who: str) -> None:
    for table in TABLES - INSERTABLE:
        with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
            tx.run(sql(f"insert into studio.{table} default values"))


UPDATABLE = {
    "exports": {"expires_at"},
    "saved_searches": {"name", "filters", "shared", "updated_at"},
    "saved_queries": {"name", "shared_with", "updated_at"},
    "shares": {"expires_at", "revoked_at", "revoked_by"},
    "video_changes": {"undone_at"},
    "video_ratings": {"stars", "rated_at"},
    "generations": {"status", "cancel_requested_at"},
    "videos": {
        "title",
        "description",
        "tags",
        "campaign_id",
        "status",
        "deleted_at",
        "updated_at",
    },
}


def test_people_update_only_columns_that_are_theirs(house: House) -> None:
    with house.database.as_service() as tx:
        rows = tx.all(
            sql("""
            select table_name as t, column_name as c from information_schema.columns
            where table_schema = 'studio' and has_column_privilege(
                'authenticated', 'studio.' || table_name, column_name, 'update')""")
        )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row["t"], set()).add(row["c"])
    assert found == UPDATABLE


INSERTED = set(NewGeneration.__dataclass_fields__) - {"price"} | {
    "price_usd_per_unit",
    "price_tokens_per_unit",
    "price_source",
    "price_as_of",
}


def test_people_insert_only_what_a_request_consists_of(house: House) -> None:
    with house.database.as_service() as tx:
        rows = tx.all(
            sql("""
            select column_name as c from information_schema.columns
            where table_schema = 'studio' and table_name = 'generations'
            and has_column_privilege(
                'authenticated', 'studio.generations', column_name, 'insert')""")
        )
    assert {row["c"] for row in rows} == INSERTED


# --- submitting ---


@pytest.mark.parametrize("who", [*PEOPLE, NOBODY])
def test_only_roles_that_generate_insert_generations(house: House, who: str) -> None:
    person = house.people.get(who, house.people[OWN])

    def act(tx: Transaction) -> bool:
        return bool(add_held(tx, person))

    assert house.may(who, act) == (who not in (ANALYST, NOBODY))


@pytest.mark.parametrize("who", [COLLEAGUE, MANAGER, OUTSIDER, ADMIN])
def test_nobody_submits_in_anothers_name(house: House, who: str) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        generations.insert(tx, new_generation(house.people[OWN]))


@pytest.mark.parametrize("who", [OWN, MANAGER, ADMIN])
def test_nobody_submits_at_anothers_teams_expense(house: House, who: str) -> None:
    sales = house.people[OUTSIDER].team_id
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        generations.insert(tx, new_generation(house.people[who], team_id=sales))


@pytest.mark.parametrize("who", [OWN, MANAGER, ADMIN])
def test_nobody_submits_for_anothers_teams_campaign(house: House, who: str) -> None:
    theirs = house.others_campaign.id
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        generations.insert(tx, new_generation(house.people[who], campaign_id=theirs))


def test_own_campaigns_are_submitted_for(house: House) -> None:
    new = new_generation(house.people[COLLEAGUE], campaign_id=house.campaign.id)

    def act(tx: Transaction) -> bool:
        generations.insert(tx, new)
        return generations.by_id(tx, new.id).campaign_name == "Spring"

    assert house.may(COLLEAGUE, act)


def test_somebody_deactivated_submits_nothing(house: House) -> None:
    with house.database.as_service() as tx:
        gone = people.add(tx, email="gone@a.test", name="Gone", role=Role.MEMBER, team="Marketing")
        people.change(tx, gone.id, active=False)
    with pytest.raises(RecordForbidden), house.database.as_person(gone.id) as tx:
        generations.insert(tx, new_generation(gone))


# --- stopping ---


@pytest.mark.parametrize("who", ALL)
def test_a_queued_generation_is_stopped_by_its_person_and_managers(house: House, who: str) -> None:
    def act(tx: Transaction) -> bool:
        return generations.request_stop(tx, house.queued, [S.QUEUED], S.CANCELED)

    assert house.may(who, act) == (who in MANAGED)


@pytest.mark.parametrize("status", [s for s in S if s not in (S.CANCELED, S.QUEUED)])
def test_a_person_sets_no_status_but_a_stop(house: House, status: GenerationStatus) -> None:
    with pytest.raises((RecordForbidden, RecordConflict)), house.acting_as(OWN) as tx:
        generations.request_stop(tx, house.queued, list(S), status)


@pytest.mark.parametrize(
    ("origin", "target"), [(S.COLLECTING, S.CANCELED), (S.CANCELING, S.CANCELED)]
)
def test_only_the_studio_gives_up_what_fal_may_have_made(
    house: House, origin: GenerationStatus, target: GenerationStatus
) -> None:
    with house.database.as_service() as tx:
        generation_id = add_held(tx, house.people[OWN])
        move(tx, generation_id, *PATHS[origin])
    with pytest.raises(RecordForbidden), house.acting_as(OWN) as tx:
        generations.request_stop(tx, generation_id, [origin], target)


@pytest.mark.parametrize("origin", [S.SUBMITTING, S.UNKNOWN, S.WAITING, S.RUNNING])
def test_what_is_at_fal_is_asked_to_stop(house: House, origin: GenerationStatus) -> None:
    with house.database.as_service() as tx:
        generation_id = add_held(tx, house.people[OWN])
        move(tx, generation_id, *PATHS[origin])
    with house.acting_as(OWN) as tx:
        assert generations.request_stop(tx, generation_id, [origin], S.CANCELING)


def test_a_finished_generation_is_not_touched_by_its_person(house: House) -> None:
    statement = sql("update studio.generations set cancel_requested_at = now() where id = %(id)s")
    with house.acting_as(OWN) as tx:
        assert tx.run(statement, id=house.completed) == 0


# --- money ---


@pytest.mark.parametrize("who", PEOPLE)
def test_no_person_writes_money(house: House, who: str) -> None:
    for statement in (
        "update studio.holds set released_at = null, release_reason = null",
        "update studio.holds set amount_usd = 0",
        "update studio.charges set amount_usd = 0",
        "update studio.budgets set limit_usd = 1000000",
    ):
        with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
            tx.run(sql(statement))


@pytest.mark.parametrize("who", [COLLEAGUE, OUTSIDER, MANAGER, ADMIN, NOBODY, ANON])
def test_money_is_held_for_own_generations_only(house: House, who: str) -> None:
    with pytest.raises(RecordForbidden), house.acting_as(who) as tx:
        ledger.place_hold(tx, house.queued, ESTIMATE_USD, expires_s=60)


def test_no_money_is_held_by_somebody_without_a_name(house: House) -> None:
    with pytest.raises(RecordForbidden), acting(house.url, "authenticated") as tx:
        ledger.place_hold(tx, house.queued, ESTIMATE_USD, expires_s=60)


@pytest.mark.parametrize("amount", ["-1", "0", "0.999999", "2.000001", "99999999", "NaN"])
def test_a_hold_is_about_as_large_as_the_estimate(house: House, amount: str) -> None:
    def act(tx: Transaction) -> None:
        new = new_generation(house.people[OWN])
        generations.insert(tx, new)
        ledger.place_hold(tx, new.id, Decimal(amount), expires_s=60)

    with pytest.raises(RecordConflict) as refused:
        house.may(OWN, act)
    assert refused.value.constraint == "hold_covers_estimate"


def test_the_room_of_anothers_teams_campaign_is_not_told(house: House) -> None:
    with house.acting_as(OUTSIDER) as tx:
        rows = tx.all(sql("select * from studio.my_room(%(id)s)"), id=house.campaign.id)
    assert {row["scope"] for row in rows} == {"organisation", "person"}


def test_nobody_has_no_room(house: House) -> None:
    with house.acting_as(NOBODY) as tx:
        assert ledger.my_room(tx, None) is None


# --- videos, campaigns, events ---


@pytest.mark.parametrize("who", ALL)
def test_a_video_is_trashed_by_its_person_and_managers(house: House, who: str) -> None:
    def trash(tx: Transaction) -> object:
        edit = Edit(trashed=True)
        return curation.edit(tx, house.id_of(who), [house.completed], edit, "trashed").ids

    assert house.may(who, trash) == (who in MANAGED)


def test_a_video_joins_no_campaign_of_another_team(house: House) -> None:
    statement = sql("update studio.videos set campaign_id = %(campaign)s where id = %(id)s")
    with pytest.raises(RecordForbidden), house.acting_as(ADMIN) as tx:
        tx.run(statement, campaign=house.others_campaign.id, id=house.completed)


@pytest.mark.parametrize("who", [*PEOPLE, NOBODY])
def test_campaigns_are_added_to_the_own_team_by_those_who_generate(house: House, who: str) -> None:
    person = house.people.get(who, house.people[OWN])

    def act(tx: Transaction) -> bool:
        return bool(campaigns.ensure(tx, person.team_id, "New", person.id))

    assert house.may(who, act) == (who not in (ANALYST, NOBODY))


@pytest.mark.parametrize("who", [OUTSIDER, OTHER_MANAGER, ADMIN])
def test_campaigns_are_not_added_to_another_team(house: House, who: str) -> None:
    team, person = house.people[OWN].team_id, house.people[who]
    assert not house.may(who, lambda tx: campaigns.ensure(tx, team, "New", person.id))


def test_events_are_written_in_ones_own_name_only(house: House) -> None:
    ann = house.people[OWN]
    with house.acting_as(OWN) as tx:
        events.add(tx, "signed_in", person_id=ann.id, team_id=ann.team_id)
    with pytest.raises(RecordForbidden), house.acting_as(COLLEAGUE) as tx:
        events.add(tx, "signed_in", person_id=ann.id, team_id=ann.team_id)


@pytest.mark.parametrize("kind", ["completed", "failed"])
def test_events_of_the_workers_are_not_forged(house: House, kind: str) -> None:
    ann = house.people[OWN]
    with pytest.raises(RecordForbidden), house.acting_as(OWN) as tx:
        events.add(tx, kind, person_id=ann.id, team_id=ann.team_id, generation_id=house.completed)


def test_events_name_only_teams_and_generations_that_are_seen(house: House) -> None:
    cid, ann = house.people[OUTSIDER], house.people[OWN]
    with pytest.raises(RecordForbidden), house.acting_as(OUTSIDER) as tx:
        events.add(tx, "viewed", person_id=cid.id, team_id=ann.team_id)
    with pytest.raises(RecordForbidden), house.acting_as(OUTSIDER) as tx:
        events.add(tx, "viewed", person_id=cid.id, generation_id=house.completed)


@pytest.mark.parametrize("who", [COLLEAGUE, ADMIN])
def test_views_of_videos_that_are_seen_are_noted(house: House, who: str) -> None:
    ann, viewer = house.people[OWN], house.people[who]
    with house.acting_as(who) as tx:
        events.add(
            tx, "viewed", person_id=viewer.id, team_id=ann.team_id, generation_id=house.completed
        )


def test_what_somebody_made_stays_with_the_team_when_they_leave_it(house: House) -> None:
    with house.database.as_service() as tx:
        mover = people.add(tx, email="mo@a.test", name="Mo", role=Role.MEMBER, team="Marketing")
        made = add_complete(tx, mover)
        people.change(tx, mover.id, team="Sales")
    with house.acting_as(COLLEAGUE) as tx:
        assert videos.by_id(tx, made).person_name == "Mo"
        shown = videos.page(tx, person_id=house.people[COLLEAGUE].id)
    with house.acting_as(MANAGER) as tx:
        assert generations.by_id(tx, made).person_name == "Mo"
    assert made in {video.id for video in shown}


def test_the_queue_shows_places_and_hides_prompts(house: House) -> None:
    with house.acting_as(COLLEAGUE) as tx:
        rows = generations.team_queue(tx, mine=False, limit=100)
    (row,) = [row for row in rows if row["id"] == house.queued]
    assert (row["person_name"], row["place"], row["mine"]) == ("Ann", 1, False)
    assert row["title"] is row["problem"] is row["estimate_usd"] is row["charge_usd"] is None


def test_json_parameters_of_others_stay_hidden(house: House) -> None:
    statement = sql("select 1 from studio.generations where parameters @> %(p)s")
    with house.acting_as(COLLEAGUE) as tx:
        assert tx.all(statement, p=Jsonb({"resolution": "480p"})) == []


GIVERS = {OWN, COLLEAGUE, MANAGER, ADMIN}
"""Who rates and judges a video of Ann's: her team but its analysts, and administrators."""


@pytest.mark.parametrize("who", ALL)
def test_stars_come_from_those_who_take_part(house: House, who: str) -> None:
    def give(tx: Transaction) -> object:
        return curation.rate(tx, house.id_of(who), [house.completed], 2).ids

    assert house.may(who, give) == (who in GIVERS)


@pytest.mark.parametrize("who", ALL)
def test_verdicts_come_from_those_who_take_part(house: House, who: str) -> None:
    def give(tx: Transaction) -> object:
        return curation.judge(tx, house.id_of(who), [house.completed], Verdict.REJECTED, "").ids

    assert house.may(who, give) == (who in GIVERS)


@pytest.mark.parametrize("who", ALL)
def test_everybody_of_the_team_has_favourites(house: House, who: str) -> None:
    def give(tx: Transaction) -> object:
        liked = who != OWN  # hers it is already
        return curation.favour(tx, house.id_of(who), [house.completed], favourite=liked).ids

    assert house.may(who, give) == (who in TEAM)


@pytest.mark.parametrize("who", ALL)
def test_tags_are_changed_by_owner_manager_and_administrator(house: House, who: str) -> None:
    def change(tx: Transaction) -> object:
        edit = Edit(add_tags=("new",))
        return curation.edit(tx, house.id_of(who), [house.completed], edit, "tagged").ids

    assert house.may(who, change) == (who in MANAGED)


@pytest.mark.parametrize("who", ALL)
def test_nobody_undoes_what_another_did(house: House, who: str) -> None:
    with house.acting_as(OWN) as tx:
        row = tx.one(sql("select id from studio.video_changes order by at limit 1"))

    def undo(tx: Transaction) -> object:
        return curation.undo(tx, house.id_of(who), row["id"]) is not None

    assert house.may(who, undo) == (who == OWN)


@pytest.mark.parametrize("who", ALL)
def test_nobody_rates_in_the_name_of_another(house: House, who: str) -> None:
    def give(tx: Transaction) -> object:
        statement = "insert into studio.video_ratings values (%(video)s, %(person)s, 1)"
        return tx.run(sql(statement), video=house.completed, person=house.id_of(MANAGER))

    assert house.may(who, give) == (who == MANAGER)


@pytest.mark.parametrize("who", ALL)
def test_a_search_finds_only_what_the_reader_sees(house: House, who: str) -> None:
    def find(tx: Transaction) -> object:
        team = house.people[OWN].team_id
        asked = tx.one(sql("select studio.search_query('', '{}') is null as empty"))
        found = tx.one(
            sql("select studio.find_few(to_tsquery('simple', 'secret'), %(team)s, 100) as ids"),
            team=team,
        )
        return asked["empty"] and found["ids"]

    assert house.may(who, find) == (who in TEAM)
