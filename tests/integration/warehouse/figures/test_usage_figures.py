"""The figures of Usage and of My month against plain Python over the record's rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from statistics import median
from typing import Any
from uuid import UUID

import pytest

from jobs.analytics import Filters, answer, as_sql, fill_report, run_report, scope_of
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import Person, Role
from storage.records import events
from storage.warehouse.reader import Scope
from storage.warehouse.relations import reports
from tests.integration.record.record_rows import sql
from tests.spent_histories import SpentHistory

Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
DAY_OF = "(x.{} at time zone (select time_zone from studio.organisation))::date"
KINDS = ("downloaded", "shared")


@dataclass(frozen=True)
class Row:
    """A generation, a charge or an event of the record, read without the warehouse."""

    team: UUID | None
    person: UUID | None
    day: date
    what: str
    """How a generation ended, `charge`, or the kind of an event."""
    usd: Decimal = Decimal(0)
    approved: bool = False
    seconds: float | None = None


ENDS = ("completed", "failed", "canceled")


@pytest.fixture(scope="module")
def people(eve: Person, add_person: Add) -> list[Person]:
    return [eve, add_person("Ann"), add_person("Cid", team="Sales")]


@pytest.fixture(scope="module")
def rows(services: Services, as_owner: Owner, people: list[Person]) -> list[Row]:
    """What the record says of two months of two teams."""
    as_owner("update studio.budgets set active = false")
    SpentHistory(services.database, as_owner).add_many(people, 24)
    with services.database.as_service() as tx:
        for number, person in enumerate([*people, *people[:2]]):
            events.add(tx, KINDS[number % 2], person_id=person.id, team_id=person.team_id)
    sync_warehouse(services)
    return rows_of(as_owner)


def rows_of(owner: Owner) -> list[Row]:
    made = owner(
        f"select x.team_id, x.person_id, {DAY_OF.format('created_at')}, x.status, 0::numeric,"
        " coalesce(v.verdict = 'approved', false),"
        " extract(epoch from x.finished_at - x.created_at)::float from studio.generations as x"
        " left join studio.videos as v on v.id = x.id"
    )
    charged = owner(
        f"select x.team_id, x.person_id, {DAY_OF.format('created_at')}, 'charge', x.amount_usd"
        " from studio.charges as x"
    )
    noted = owner(
        f"select x.team_id, x.person_id, {DAY_OF.format('at')}, x.kind from studio.events as x"
    )
    return [Row(*row) for row in (*made, *charged, *noted)]


def days(number: int) -> Filters:
    today = datetime.now(UTC).date()
    return Filters(today - timedelta(days=number - 2), today + timedelta(days=2))


def seen(rows: list[Row], person: Person, filters: Filters | None = None) -> list[Row]:
    """The rows that a role may read, of these days."""
    return [
        row
        for row in rows
        if (person.role is not Role.MANAGER or row.team == person.team_id)
        and (filters is None or filters.since <= row.day < filters.until)
    ]


def sums_of(rows: list[Row]) -> dict[str, Any]:
    counts = Counter(row.what for row in rows)
    return {
        "generations": sum(counts[end] for end in ENDS),
        "completed": counts["completed"],
        "ended": counts["completed"] + counts["failed"],
        "approved": sum(row.approved for row in rows),
        "downloaded": counts["downloaded"],
        "shared": counts["shared"],
        "spend_usd": sum((row.usd for row in rows), Decimal(0)),
    }


def active(rows: list[Row]) -> set[UUID]:
    return {row.person for row in rows if row.person and row.what != "charge"}


@pytest.fixture(scope="module")
def viewers(eve: Person, add_person: Add) -> list[Person]:
    """One of each role that sees figures of others."""
    return [eve, *(add_person(role.value, role=role) for role in (Role.ANALYST, Role.ADMIN))]


def test_the_tiles_are_the_records_for_every_role(
    services: Services, rows: list[Row], viewers: list[Person]
) -> None:
    for viewer, filters in product(viewers, (days(3), days(45), days(90))):
        [found] = run_report(services, viewer, "usage", "totals", filters).to_pylist()
        own = seen(rows, viewer, filters)
        assert found == sums_of(own) | {"active": len(active(own))}


def test_each_persons_line_is_the_records_for_every_role(
    services: Services, rows: list[Row], viewers: list[Person], people: list[Person]
) -> None:
    names = {person.id: person.name for person in people}
    for viewer in viewers:
        found = run_report(services, viewer, "usage", "people", days(60)).to_pylist()
        own = seen(rows, viewer, days(60))
        known = {row.person for row in own if row.person in names}
        expected = [
            {"id": str(id), "name": names[id]} | sums_of([row for row in own if row.person == id])
            for id in sorted((id for id in known if id), key=names.__getitem__)
        ]
        assert [row for row in found if UUID(row["id"]) in names] == expected


def test_a_person_counts_once_in_a_day_a_week_or_a_month(
    services: Services, rows: list[Row], viewers: list[Person]
) -> None:
    for viewer, grain in product(viewers, ("day", "week", "month")):
        table = run_report(services, viewer, "usage", "active", days(90), grain=grain)
        expected: dict[date, set[UUID]] = defaultdict(set)
        for row in seen(rows, viewer, days(90)):
            if row.person and row.what != "charge":
                expected[first_of(row.day, grain)].add(row.person)
        found = {row["day"]: row["people"] for row in table.to_pylist()}
        assert found == {day: len(ids) for day, ids in expected.items()}


def first_of(day: date, grain: str) -> date:
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if grain == "week" else day


def test_who_stays_is_counted_from_the_first_month_of_each(
    services: Services, rows: list[Row], viewers: list[Person]
) -> None:
    for viewer in viewers:
        found = run_report(services, viewer, "usage", "retention", days(3)).to_pylist()
        expected = stayed(seen(rows, viewer))
        assert {(row["cohort"], row["later"]): row["people"] for row in found} == expected


def stayed(rows: list[Row]) -> Counter[tuple[date, int]]:
    months: dict[UUID, set[date]] = defaultdict(set)
    for row in rows:
        if row.person and row.what != "charge":
            months[row.person].add(row.day.replace(day=1))
    return Counter(
        (min(own), (month.year - min(own).year) * 12 + month.month - min(own).month)
        for own in months.values()
        for month in own
    )


def test_the_days_add_up_to_the_tiles_for_every_role(
    services: Services, rows: list[Row], viewers: list[Person]
) -> None:
    names = ("generations", "completed", "approved", "downloaded", "shared", "spend_usd")
    for viewer in viewers:
        [total] = run_report(services, viewer, "usage", "totals", days(60)).to_pylist()
        course = run_report(services, viewer, "usage", "course", days(60)).to_pylist()
        assert len(course) == 60
        assert {name: sum(row[name] for row in course) for name in names} == {
            name: total[name] for name in names
        }


def test_a_month_of_ones_own_is_ones_own_alone(
    services: Services, rows: list[Row], people: list[Person]
) -> None:
    for person in people:
        filters = replace(days(90), people=(person.id,))
        own = [row for row in rows if row.person == person.id]
        [totals] = own_report(services, person, "totals", filters)
        assert totals == sums_of(own) | {"active": 1}
        waits = [row.seconds for row in own if row.what == "completed" and row.seconds is not None]
        [waited] = own_report(services, person, "waiting", filters)
        assert waited["videos"] == len(waits)
        assert waited["median_s"] == pytest.approx(median(waits), abs=0.001)


def own_report(
    services: Services, person: Person, name: str, filters: Filters
) -> list[dict[str, Any]]:
    filled = fill_report("usage", name, filters)
    found: list[dict[str, Any]] = answer(
        services, Scope(person_id=person.id), filled, demo=False
    ).to_pylist()
    return found


def test_ones_own_scope_holds_against_a_filter_by_another_person(
    services: Services, rows: list[Row], people: list[Person]
) -> None:
    ann, cid = people[1:]
    [found] = own_report(services, ann, "totals", replace(days(90), people=(cid.id,)))
    assert not any(found.values())
    assert own_report(services, ann, "latest", replace(days(90), people=(cid.id,))) == []


def test_a_manager_reads_nothing_of_a_person_of_another_team(
    services: Services, rows: list[Row], people: list[Person]
) -> None:
    filters = replace(days(90), people=(people[2].id,))
    for name in ("people", "active", "latest"):
        more: dict[str, Any] = {"grain": "day"} if name == "active" else {}
        assert run_report(services, people[0], "usage", name, filters, **more).num_rows == 0


def test_every_report_opens_as_sql_with_the_same_answer(
    services: Services, rows: list[Row], eve: Person
) -> None:
    for name in reports("usage"):
        more: dict[str, Any] = {"grain": "week"} if name == "active" else {}
        filled = fill_report("usage", name, replace(days(90), people=(eve.id,)), **more)
        bare = services.warehouse.table(sql(as_sql(filled)), scope_of(eve))
        assert bare == services.warehouse.table(filled.query, scope_of(eve), **filled.parameters)
