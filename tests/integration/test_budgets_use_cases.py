"""What managers and administrators do with budgets, and the words they are refused in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from jobs import budgets
from jobs.bootstrap import Services
from jobs.errors import BudgetExceeded, InvalidRequest, NotAllowed
from storage.errors import RecordNotFound
from storage.models import Person, Role
from storage.records import budgets as rows

Add = Callable[..., Person]
Submit = Callable[..., UUID]


@pytest.fixture
def manager(add_person: Add) -> Person:
    return add_person("Mia", role=Role.MANAGER)


def tomorrow() -> datetime:
    return datetime.now(UTC) + timedelta(days=1)


def limit(services: Services, by: Person, target: UUID | None, usd: str, **more: Any) -> UUID:
    fields = {"scope": "person", "period": "day", "kind": "hard", **more}
    return budgets.set_limit(services, by, target_id=target, limit_usd=Decimal(usd), **fields)


def test_a_managers_limit_stops_and_a_grant_opens_again(
    services: Services, manager: Person, person: Person, submit: Submit
) -> None:
    budget_id = limit(services, manager, person.id, "0.01")
    with pytest.raises(BudgetExceeded):
        submit()
    budgets.grant(
        services, manager, budget_id, Decimal(5), ends_at=tomorrow(), reason=" The launch "
    )
    submit()
    with services.database.as_person(manager.id) as tx:
        assert [grant.reason for grant in rows.grants(tx)] == ["The launch"]


def test_a_grant_that_is_taken_back_keeps_what_was_admitted(
    services: Services, manager: Person, person: Person, submit: Submit
) -> None:
    budget_id = limit(services, manager, person.id, "0")
    grant_id = budgets.grant(
        services, manager, budget_id, Decimal(5), ends_at=tomorrow(), reason="x"
    )
    submit()
    for _ in range(2):
        budgets.end_grant(services, manager, grant_id)
    with pytest.raises(BudgetExceeded):
        submit(prompt="Another one turns slowly")


def test_a_removed_budget_is_gone_and_can_be_removed_again(
    services: Services, manager: Person, person: Person, submit: Submit
) -> None:
    budget_id = limit(services, manager, person.id, "0")
    for _ in range(2):
        budgets.remove(services, manager, budget_id)
    submit()
    with pytest.raises(RecordNotFound):
        budgets.grant(services, manager, budget_id, Decimal(5), ends_at=tomorrow(), reason="x")


def test_what_is_not_ones_own_is_refused_in_words(
    services: Services, manager: Person, person: Person, add_person: Add
) -> None:
    for by, target in (
        (manager, None),
        (person, person.id),
        (manager, add_person("B", team="S").id),
    ):
        with pytest.raises(NotAllowed) as refused:
            limit(services, by, target, "5")
        assert "administrators" in refused.value.todo


@pytest.mark.parametrize("usd", ["-0.01", "NaN", "Infinity", "10000001"])
def test_a_limit_is_a_sensible_amount(services: Services, manager: Person, usd: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        limit(services, manager, manager.id, usd)
    assert [problem.field for problem in refused.value.problems] == ["limit"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"scope": "galaxy"}, "scope"),
        ({"period": "year"}, "scope"),
        ({"kind": "firm"}, "scope"),
        ({"scope": "team"}, "target"),
    ],
)
def test_a_budget_is_for_something_there_is(
    services: Services, manager: Person, fields: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        limit(services, manager, None, "5", **fields)
    assert [problem.field for problem in refused.value.problems] == [field]


def test_a_target_that_is_gone_is_told(services: Services, add_person: Add) -> None:
    with pytest.raises(InvalidRequest, match="no longer there"):
        limit(services, add_person("Ada", role=Role.ADMIN), uuid4(), "5", scope="team")


def test_everything_wrong_with_a_grant_is_told_at_once(services: Services, manager: Person) -> None:
    budget_id = limit(services, manager, manager.id, "5")
    with pytest.raises(InvalidRequest) as refused:
        budgets.grant(
            services, manager, budget_id, Decimal(0), ends_at=datetime.now(UTC), reason=" "
        )
    assert [problem.field for problem in refused.value.problems] == ["amount", "ends", "reason"]


def test_corrections_are_refused_in_words(
    services: Services, manager: Person, person: Person, submit: Submit
) -> None:
    generation_id = submit()
    with pytest.raises(NotAllowed, match="may not"):
        budgets.adjust(services, person, generation_id, Decimal(1), note="x")
    with pytest.raises(InvalidRequest, match="not finished"):
        budgets.adjust(services, manager, generation_id, Decimal(1), note="x")
    with pytest.raises(InvalidRequest, match="from"):
        budgets.adjust(services, manager, generation_id, Decimal(0), note="x")
    with pytest.raises(InvalidRequest, match="Say why"):
        budgets.adjust_scope(services, manager, "team", manager.team_id, Decimal(1), note=" ")
    with pytest.raises(InvalidRequest, match="than was charged"):
        budgets.adjust_scope(services, manager, "team", manager.team_id, Decimal(-1), note="x")
    with pytest.raises(NotAllowed):
        budgets.adjust_scope(services, manager, "organisation", None, Decimal(1), note="x")
