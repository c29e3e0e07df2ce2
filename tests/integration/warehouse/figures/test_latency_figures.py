"""The figures of the Latency page against independent SQL on the record, for three roles."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from jobs.analytics import Filters, run_report, scope_of
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import GenerationStatus, Person, Role
from tests.spent_histories import SpentHistory

Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
SECONDS = {
    "our_queue": "a.accepted_at - g.created_at",
    "fal_queue": "a.started_at - a.accepted_at",
    "inference": "a.completed_at - a.started_at",
    "store": "g.finished_at - a.completed_at",
    "total": "g.finished_at - g.created_at",
}
SHARES = {"p50_s": 0.5, "p90_s": 0.9, "p95_s": 0.95, "p99_s": 0.99}
ATTEMPT = """
    insert into studio.attempts (generation_id, number, state, endpoint, marker, arguments,
        start_deadline, accepted_at, started_at, completed_at)
    select id, 1, 'ended', endpoint, id::text, '{}', finished_at,
        created_at + %s * (finished_at - created_at), created_at + %s * (finished_at - created_at),
        created_at + %s * (finished_at - created_at)
    from studio.generations where id = %s"""


@pytest.fixture(scope="module")
def people(eve: Person, add_person: Add) -> list[Person]:
    """A manager, somebody of another team, an analyst and an administrator."""
    return [
        eve,
        add_person("Cid", team="Sales"),
        add_person("Ana", role=Role.ANALYST),
        add_person("Ada", role=Role.ADMIN),
    ]


@pytest.fixture(scope="module")
def history(services: Services, as_owner: Owner, people: list[Person]) -> None:
    """Forty generations of two teams with phases of all lengths, some of them failed."""
    as_owner("update studio.budgets set active = false")
    made, dice = SpentHistory(services.database, as_owner), Random(3)
    for place in range(40):
        status = GenerationStatus.FAILED if place % 8 == 0 else GenerationStatus.COMPLETED
        id = made.add(people[place % 2], days_ago=dice.uniform(1, 25), status=status)
        as_owner(ATTEMPT, *sorted(dice.random() for _ in range(3)), id)
    sync_warehouse(services)


def month() -> Filters:
    today = datetime.now(UTC).date()
    return Filters(today - timedelta(days=30), today + timedelta(days=2))


def percentiles(as_owner: Owner, phase: str, person: Person) -> tuple[Any, ...]:
    team = scope_of(person).team_id
    [row] = as_owner(
        f"""
        select percentile_cont(%s::double precision[]) within group (order by
            extract(epoch from {SECONDS[phase]})::double precision), count(*)
        from studio.generations as g
        inner join studio.attempts as a on a.generation_id = g.id
        where g.status = 'completed' and (g.team_id = %s or %s::uuid is null)""",
        list(SHARES.values()),
        team,
        team,
    )
    return (*row[0], row[1])


def test_percentiles_are_the_records_for_every_phase_and_role(
    services: Services, history: None, people: list[Person], as_owner: Owner
) -> None:
    for person in (people[0], people[2], people[3]):
        rows = run_report(services, person, "latency", "phases", month()).to_pylist()
        assert {row["phase"] for row in rows} == set(SECONDS)
        for row in rows:
            found = (*(row[name] for name in SHARES), row["n"])
            assert found == pytest.approx(percentiles(as_owner, row["phase"], person), abs=1e-5)


@pytest.mark.parametrize("name", ["phases", "by_model"])
def test_percentiles_of_the_roll_up_are_off_by_a_bucket_at_most(
    services: Services, history: None, people: list[Person], name: str
) -> None:
    """Between neighbours an exact percentile interpolates and a bucket can't, so the exact one is
    that of the discrete kind here: with 40 rows neighbours are far apart."""
    table = run_report(services, people[3], "latency", "behind", month(), phase="total")
    seconds = sorted(row["seconds"] for row in table.to_pylist())
    rows = run_report(
        services, people[3], "latency", f"{name}_about", month(), phase="total"
    ).to_pylist()
    [row] = [row for row in rows if row.get("phase", "total") == "total"]
    for percentile, share in SHARES.items():
        exact = seconds[max(-(-int(share * 10000) * len(seconds) // 10000), 1) - 1]
        assert row[percentile] == pytest.approx(exact, rel=0.0101)


def test_the_hours_of_the_week_count_every_generation(
    services: Services, history: None, people: list[Person]
) -> None:
    for name in ("hours", "hours_about"):
        rows = run_report(services, people[3], "latency", name, month()).to_pylist()
        assert sum(row["n"] for row in rows) == 35
        assert {row["weekday"] for row in rows} <= set(range(1, 8))


HOURS = """
    select extract(isodow from at)::int, extract(hour from at)::int,
        percentile_cont(0.95) within group (order by seconds), count(*)
    from (
        select g.created_at at time zone o.time_zone as at,
            extract(epoch from g.finished_at - g.created_at)::double precision as seconds
        from studio.generations as g cross join studio.organisation as o
        where g.status = 'completed' and (g.team_id = %s or %s::uuid is null)) as ended
    group by 1, 2 order by 1, 2"""
CAUSES = """
    select date_trunc(%s, g.created_at at time zone o.time_zone)::date, g.cause, count(*)
    from studio.generations as g cross join studio.organisation as o
    where g.status = 'failed' and (g.team_id = %s or %s::uuid is null)
    group by 1, 2 order by 1, 2"""


def test_the_hours_of_the_week_are_the_records_for_every_role(
    services: Services, history: None, people: list[Person], as_owner: Owner
) -> None:
    for person in (people[0], people[2], people[3]):
        team = scope_of(person).team_id
        rows = run_report(services, person, "latency", "hours", month()).to_pylist()
        expected = as_owner(HOURS, team, team)
        assert len(rows) == len(expected) > 0
        for row, wanted in zip(rows, expected, strict=True):
            assert tuple(row.values()) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_failures_by_cause_are_the_records_for_every_role(
    services: Services, history: None, people: list[Person], as_owner: Owner, grain: str
) -> None:
    for person in (people[0], people[2], people[3]):
        team = scope_of(person).team_id
        found = run_report(services, person, "latency", "failures", month(), grain=grain)
        expected = as_owner(CAUSES, grain, team, team)
        assert [tuple(row.values()) for row in found.to_pylist()] == expected != []


def test_the_typical_generation_is_the_one_nearest_to_the_median(
    services: Services, history: None, people: list[Person], as_owner: Owner
) -> None:
    median_s = percentiles(as_owner, "total", people[3])[0]
    [row] = run_report(
        services, people[3], "latency", "typical_behind", month(), median_s=median_s
    ).to_pylist()
    [(nearest,)] = as_owner(
        "select min(abs(extract(epoch from finished_at - created_at)::float - %s))"
        " from studio.generations where status = 'completed'",
        median_s,
    )
    assert abs(row["total_s"] - median_s) == pytest.approx(nearest, abs=1e-5)


def test_failures_are_counted_by_cause_and_by_model(
    services: Services, history: None, people: list[Person]
) -> None:
    found = run_report(services, people[3], "latency", "failures", month(), grain="week")
    [rates] = run_report(services, people[3], "latency", "failure_rates", month()).to_pylist()
    behind = run_report(services, people[3], "latency", "failed_behind", month(), reason=None)
    assert sum(row["failed"] for row in found.to_pylist()) == 5 == rates["failed"]
    assert rates["completed"] == 35
    assert behind.to_pylist()[0]["all_rows"] == 5 == len(behind)
