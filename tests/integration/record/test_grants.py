"""Budgets set by people: who may set and see which, grants, adjustments, and the history of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from storage.errors import RecordConflict, RecordForbidden, RecordNotFound
from storage.models import Campaign, Person, Role
from storage.postgres import Database, Transaction
from storage.records import budgets, campaigns, ledger
from tests.integration.record.record_rows import S, add_held, finish, move, sql

Owner = Callable[..., list[Any]]
Add = Callable[..., Person]
TEN = Decimal(10)


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def set_limit(
    tx: Transaction, scope: str, target_id: UUID | None, limit_usd: Decimal = TEN, **more: str
) -> UUID:
    return budgets.set_limit(
        tx, scope=scope, target_id=target_id, limit_usd=limit_usd,
        period=more.get("period", "day"), kind=more.get("kind", "hard"),
    )  # fmt: skip


@pytest.fixture
def company(add_person: Add, person: Person) -> dict[str, Person]:
    return {
        "member": person,
        "manager": add_person("Mia", role=Role.MANAGER),
        "analyst": add_person("Ana", role=Role.ANALYST),
        "other manager": add_person("Max", role=Role.MANAGER, team="Sales"),
        "admin": add_person("Ada", role=Role.ADMIN, team="Office"),
    }


@pytest.fixture
def spring(database: Database, company: dict[str, Person]) -> Campaign:
    with database.as_service() as tx:
        member = company["member"]
        return campaigns.ensure(tx, member.team_id, "Spring", member.id)


def allowed(database: Database, person: Person, act: Callable[[Transaction], object]) -> bool:
    try:
        with database.as_person(person.id) as tx:
            act(tx)
    except RecordForbidden:
        return False
    return True


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        ("organisation", {"admin"}),
        ("default", {"admin"}),
        ("team", {"manager", "admin"}),
        ("campaign", {"manager", "admin"}),
        ("person", {"manager", "admin"}),
    ],
)
def test_managers_set_their_teams_budgets_and_administrators_all(
    database: Database, company: dict[str, Person], spring: Campaign, scope: str, may: set[str]
) -> None:
    ann = company["member"]
    targets = {"team": ann.team_id, "campaign": spring.id, "person": ann.id}
    real = "person" if scope == "default" else scope
    with database.as_service() as tx:
        budget_id = set_limit(tx, real, targets.get(scope))
        grants = [
            budgets.grant(tx, budget_id, TEN, ends_at=tomorrow(), reason="x") for _ in company
        ]
    for (role, person), grant_id in zip(company.items(), grants, strict=True):
        for act in (
            lambda tx: set_limit(tx, real, targets.get(scope)),
            lambda tx: budgets.grant(tx, budget_id, TEN, ends_at=tomorrow(), reason="x"),
            lambda tx, grant_id=grant_id: budgets.end_grant(tx, grant_id),
        ):
            assert allowed(database, person, act) == (role in may), role
    for role in sorted(company, key=lambda role: role in may):
        removed = allowed(database, company[role], lambda tx: budgets.remove(tx, budget_id))
        assert removed == (role in may), role
        if removed:
            break


def test_a_person_without_a_role_sets_nothing(database: Database) -> None:
    with pytest.raises(RecordForbidden), database.as_person(uuid4()) as tx:
        set_limit(tx, "organisation", None)


def test_people_read_the_budgets_that_concern_them(
    database: Database, company: dict[str, Person], spring: Campaign
) -> None:
    ann = company["member"]
    with database.as_service() as tx:
        for scope, target in (
            ("organisation", None), ("person", None), ("team", ann.team_id),
            ("campaign", spring.id), ("person", ann.id),
        ):  # fmt: skip
            set_limit(tx, scope, target)
    seen = {}
    for role, person in company.items():
        with database.as_person(person.id) as tx:
            seen[role] = len(budgets.standing(tx))
    assert seen == {"member": 5, "manager": 5, "analyst": 4, "other manager": 2, "admin": 5}


def test_the_standing_tells_spent_held_and_free(
    database: Database, company: dict[str, Person], spring: Campaign
) -> None:
    ann = company["member"]
    with database.as_service() as tx:
        set_limit(tx, "campaign", spring.id)
        set_limit(tx, "person", None)
        finish(tx, add_held(tx, ann, campaign_id=spring.id), Decimal("0.5"))
        held = add_held(tx, ann, campaign_id=spring.id)
    with database.as_person(company["manager"].id) as tx:
        campaign, default, anns = budgets.standing(tx)
        holds = budgets.open_holds(tx, "campaign", spring.id, limit=10)
    assert (campaign.spent_usd, campaign.held_usd) == (Decimal("0.5"), Decimal(1))
    assert campaign.free_usd == Decimal("8.5")
    assert (default.is_default, default.target_id, default.held_usd) == (True, None, Decimal(0))
    assert (anns.is_default, anns.target_name, anns.free_usd) == (True, "Ann", Decimal("8.5"))
    assert [(hold.generation_id, hold.person_name) for hold in holds] == [(held, "Ann")]


def test_the_holds_of_other_teams_are_a_sum_without_names(
    database: Database, company: dict[str, Person]
) -> None:
    with database.as_service() as tx:
        set_limit(tx, "organisation", None)
        add_held(tx, company["member"])
    with database.as_person(company["other manager"].id) as tx:
        assert budgets.standing(tx)[0].held_usd == 1
        assert budgets.open_holds(tx, "organisation", None, limit=10) == []


# --- grants ---


def admitted(database: Database, person: Person) -> bool:
    try:
        with database.as_person(person.id) as tx:
            add_held(tx, person)
    except RecordConflict as exc:
        if exc.constraint != "budget_has_room":
            raise
        return False
    return True


@pytest.fixture
def full(database: Database, person: Person) -> UUID:
    """The id of the person's budget, which has no room left."""
    with database.as_service() as tx:
        return set_limit(tx, "person", person.id, Decimal(0))


def test_a_grant_gives_room_until_it_ends(
    database: Database, as_owner: Owner, person: Person, full: UUID
) -> None:
    with database.as_service() as tx:
        budgets.grant(tx, full, Decimal("2.5"), ends_at=tomorrow(), reason="The launch")
    with database.as_person(person.id) as tx:
        room = ledger.my_room(tx, None)
    assert room is not None
    assert (room.limit_usd, room.free_usd) == (Decimal("2.5"), Decimal("2.5"))
    assert admitted(database, person)
    as_owner(
        "update studio.budget_grants set starts_at = now() - interval '2 days', "
        "ends_at = now() - interval '1 second'"
    )
    assert not admitted(database, person)


def test_a_grant_that_begins_later_gives_nothing_yet(
    database: Database, as_owner: Owner, person: Person, full: UUID
) -> None:
    with database.as_service() as tx:
        budgets.grant(tx, full, TEN, ends_at=tomorrow(), reason="The launch")
    as_owner("update studio.budget_grants set starts_at = now() + interval '1 hour'")
    assert not admitted(database, person)


def test_grants_add_up_and_are_taken_back(database: Database, person: Person, full: UUID) -> None:
    with database.as_service() as tx:
        first, _ = (
            budgets.grant(tx, full, Decimal(1), ends_at=tomorrow(), reason="x") for _ in "ab"
        )
    assert [admitted(database, person) for _ in range(3)] == [True, True, False]
    with database.as_service() as tx:
        assert budgets.end_grant(tx, first)
        assert not budgets.end_grant(tx, first)
        assert [grant.budget_id for grant in budgets.grants(tx)] == [full]


@pytest.mark.parametrize("usd", ["0", "-1", "NaN"])
def test_a_grant_is_more_than_nothing(database: Database, full: UUID, usd: str) -> None:
    with pytest.raises(RecordConflict), database.as_service() as tx:
        budgets.grant(tx, full, Decimal(usd), ends_at=tomorrow(), reason="x")


def test_a_removed_budget_neither_stops_nor_takes_a_grant(
    database: Database, person: Person, full: UUID
) -> None:
    with database.as_service() as tx:
        assert budgets.remove(tx, full)
        assert not budgets.remove(tx, full)
    assert admitted(database, person)
    with pytest.raises(RecordNotFound), database.as_service() as tx:
        budgets.grant(tx, full, TEN, ends_at=tomorrow(), reason="x")


# --- history ---


def test_the_history_says_who_changed_what(database: Database, company: dict[str, Person]) -> None:
    manager = company["manager"]
    with database.as_service() as tx:
        set_limit(tx, "team", manager.team_id)
    with database.as_person(manager.id) as tx:
        budget_id = set_limit(tx, "team", manager.team_id, Decimal(20))
        set_limit(tx, "team", manager.team_id, Decimal(20))
        grant_id = budgets.grant(tx, budget_id, TEN, ends_at=tomorrow(), reason="The launch")
        budgets.end_grant(tx, grant_id)
        budgets.remove(tx, budget_id)
        found = budgets.changes(tx, limit=10)
    assert [(c.what, c.changed_by_name, c.old_limit_usd, c.new_limit_usd) for c in found] == [
        ("removed", "Mia", 20, None),
        ("grant_ended", "Mia", None, None),
        ("granted", "Mia", None, None),
        ("set", "Mia", 10, 20),
        ("set", None, None, 10),
    ]
    assert (found[2].amount_usd, found[2].reason) == (TEN, "The launch")


def test_the_history_is_for_those_who_manage_it(
    database: Database, company: dict[str, Person]
) -> None:
    with database.as_service() as tx:
        set_limit(tx, "team", company["member"].team_id)
    seen = {}
    for role, person in company.items():
        with database.as_person(person.id) as tx:
            seen[role] = len(budgets.changes(tx, limit=10))
    assert seen == {"member": 0, "manager": 1, "analyst": 0, "other manager": 0, "admin": 1}


def test_the_settings_default_holds_until_a_person_decides(
    database: Database, company: dict[str, Person]
) -> None:
    def default_usd() -> list[Decimal]:
        with database.as_service() as tx:
            ledger.set_default_person_budget(tx, Decimal(100))
            return [
                row["l"]
                for row in tx.all(sql("select limit_usd as l from studio.budgets where active"))
            ]

    with database.as_service() as tx:
        ledger.set_default_person_budget(tx, Decimal(40))
    assert default_usd() == [100]
    with database.as_person(company["admin"].id) as tx:
        budget_id = set_limit(tx, "person", None, Decimal(25))
    assert default_usd() == [25]
    with database.as_person(company["admin"].id) as tx:
        budgets.remove(tx, budget_id)
    assert default_usd() == []


# --- adjustments ---


@pytest.fixture
def charged(database: Database, person: Person) -> UUID:
    """A completed generation that cost a dollar."""
    with database.as_service() as tx:
        generation_id = add_held(tx, person)
        finish(tx, generation_id)
    return generation_id


def test_an_adjustment_counts_in_the_window_of_its_own_date(
    database: Database, as_owner: Owner, charged: UUID, company: dict[str, Person]
) -> None:
    as_owner("update studio.charges set created_at = now() - interval '40 days'")
    with database.as_service() as tx:
        set_limit(tx, "organisation", None)
    with database.as_person(company["admin"].id) as tx:
        ledger.adjust(tx, charged, Decimal("0.25"), "Billed later")
        assert budgets.standing(tx)[0].spent_usd == Decimal("0.25")
        cost = ledger.charge_of(tx, charged)
    assert cost is not None
    assert cost.amount_usd == 1


def test_a_generation_never_costs_less_than_nothing(database: Database, charged: UUID) -> None:
    with database.as_service() as tx:
        ledger.adjust(tx, charged, Decimal("-0.6"), "Refunded")
        ledger.adjust(tx, charged, Decimal("-0.4"), "Refunded")
    with pytest.raises(RecordConflict) as refused, database.as_service() as tx:
        ledger.adjust(tx, charged, Decimal("-0.000001"), "Refunded")
    assert refused.value.constraint == "adjustment_not_below_zero"


def test_a_failed_generation_is_charged_late_and_a_running_one_not(
    database: Database, person: Person
) -> None:
    with database.as_service() as tx:
        failed, running = add_held(tx, person), add_held(tx, person)
        move(tx, failed, S.FAILED)
        ledger.adjust(tx, failed, Decimal(1), "On the invoice")
    with pytest.raises(RecordConflict) as refused, database.as_service() as tx:
        ledger.adjust(tx, running, Decimal(1), "On the invoice")
    assert refused.value.constraint == "adjustment_after_end"


def test_those_who_set_a_teams_budget_adjust_what_its_generations_cost(
    database: Database, charged: UUID, company: dict[str, Person]
) -> None:
    may = {
        role
        for role, person in company.items()
        if allowed(database, person, lambda tx: ledger.adjust(tx, charged, Decimal(1), "x"))
    }
    assert may == {"manager", "admin"}


@pytest.mark.parametrize(
    ("scope", "may", "counts_in"),
    [
        ("organisation", {"admin"}, {"organisation"}),
        ("team", {"manager", "admin"}, {"organisation", "team"}),
        ("campaign", {"manager", "admin"}, {"organisation", "team", "campaign"}),
        ("person", {"manager", "admin"}, {"organisation", "team", "person"}),
    ],
)
def test_a_scope_is_adjusted_with_those_around_it(
    database: Database,
    company: dict[str, Person],
    spring: Campaign,
    scope: str,
    may: set[str],
    counts_in: set[str],
) -> None:
    ann = company["member"]
    targets = {"team": ann.team_id, "campaign": spring.id, "person": ann.id, "organisation": None}
    with database.as_service() as tx:
        for name, target in targets.items():
            set_limit(tx, name, target)

    def act(tx: Transaction) -> None:
        ledger.adjust_scope(tx, scope, targets[scope], Decimal(1), "Invoice")

    assert {role for role, who in company.items() if allowed(database, who, act)} == may
    with database.as_service() as tx:
        rows = tx.all(sql("select scope, amount_usd from studio.spent_usd where period = 'day'"))
    assert {row["scope"]: row["amount_usd"] for row in rows} == dict.fromkeys(counts_in, len(may))


def test_no_more_is_taken_back_of_a_scope_than_it_was_charged(
    database: Database, charged: UUID, company: dict[str, Person]
) -> None:
    team = company["member"].team_id
    with database.as_service() as tx:
        ledger.adjust_scope(tx, "team", team, Decimal(-1), "Refunded")
    for scope, target in (("team", team), ("team", company["admin"].team_id)):
        with pytest.raises(RecordConflict) as refused, database.as_service() as tx:
            ledger.adjust_scope(tx, scope, target, Decimal("-0.01"), "Refunded")
        assert refused.value.constraint == "adjustment_not_below_zero"


@pytest.mark.parametrize("scope", ["team", "campaign", "person", "galaxy"])
def test_a_scope_that_is_not_there_is_not_adjusted(database: Database, scope: str) -> None:
    with pytest.raises(RecordNotFound), database.as_service() as tx:
        ledger.adjust_scope(tx, scope, uuid4(), Decimal(1), "x")


def test_the_history_says_what_was_adjusted(
    database: Database, charged: UUID, company: dict[str, Person]
) -> None:
    ann, manager = company["member"], company["manager"]
    with database.as_person(manager.id) as tx:
        ledger.adjust(tx, charged, Decimal("-0.5"), "Refunded")
        ledger.adjust_scope(tx, "person", ann.id, Decimal(2), "Invoice")
    seen = {}
    for role, person in company.items():
        with database.as_person(person.id) as tx:
            seen[role] = [
                (c.scope, c.target_name, c.amount_usd, c.changed_by_name, c.generation_id)
                for c in budgets.changes(tx, limit=10)
            ]
    both = [
        ("person", "Ann", Decimal(2), "Mia", None),
        ("generation", "What Ann wrote", Decimal("-0.5"), "Mia", charged),
    ]
    assert seen == {
        "manager": both,
        "admin": both,
        "member": [],
        "analyst": [],
        "other manager": [],
    }


def test_what_may_be_corrected_is_found_by_title_person_and_id(
    database: Database, charged: UUID, company: dict[str, Person]
) -> None:
    def found(role: str, search: str) -> list[Decimal]:
        with database.as_person(company[role].id) as tx:
            return [made.cost_usd for made in budgets.adjustable(tx, search, limit=10)]

    for search in ("", "ann WROTE", "Ann", str(charged)[:8]):
        assert found("manager", search) == [1]
    assert found("manager", "Ben%") == []
    assert [found(role, "") for role in ("member", "analyst", "other manager", "admin")] == [
        [], [], [], [1],
    ]  # fmt: skip


def test_there_is_nothing_to_adjust_under_an_unknown_address(database: Database) -> None:
    with pytest.raises(RecordNotFound), database.as_service() as tx:
        ledger.adjust(tx, uuid4(), Decimal(1), "x")
