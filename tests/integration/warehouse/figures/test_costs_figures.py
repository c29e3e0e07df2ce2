"""The figures of the Costs page against independent SQL on the record, for three roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from jobs.analytics import NOBODY, Filters, as_sql, fill_report, run_report, scope_of
from jobs.bootstrap import Services
from jobs.spend_bridge import bridge, side_of
from jobs.warehousing import sync_warehouse
from storage.models import Person, Role
from storage.warehouse.relations import reports
from tests.integration.record.record_rows import sql
from tests.spent_histories import SpentHistory

Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
ROLES = (Role.MANAGER, Role.ANALYST, Role.ADMIN)
MORE: dict[str, dict[str, Any]] = {
    "spend_by_day": {"by": "person", "grain": "week"},
    "by_group": {"by": "team"},
    "per_video": {"grain": "day"},
    "waste_behind": {"reason": "rejected"},
    "made_behind": {"part": "wasted"},
}
UNORDERED = {"budget_days"}
DAY_OF = "(x.created_at at time zone (select time_zone from studio.organisation))::date"
WITHIN = f"{DAY_OF} >= %s and {DAY_OF} < %s and (x.team_id = %s or %s::uuid is null)"


@pytest.fixture(scope="module")
def history(
    services: Services, as_owner: Owner, add_person: Add, eve: Person
) -> tuple[SpentHistory, list[Person]]:
    """Two months of two teams, and corrections of a team and of the organisation."""
    people = [eve, add_person("Ann"), add_person("Cid", team="Sales")]
    as_owner("update studio.budgets set active = false")
    made = SpentHistory(services.database, as_owner)
    made.add_many(people, 40)
    made.correct("team", eve.team_id, "-1.250001")
    made.correct("organisation", None, "2.5")
    sync_warehouse(services)
    return made, people


def days(number: int, *, back: int = 0) -> Filters:
    today = datetime.now(UTC).date() - timedelta(days=back)
    return Filters(today - timedelta(days=number - 2), today + timedelta(days=2))


def viewers(add_person: Add, eve: Person) -> list[Person]:
    others = [add_person(role.value, role=role) for role in ROLES if role is not Role.MANAGER]
    return [eve, *others]


def asked(owner: Owner, person: Person, filters: Filters, text: str) -> list[Any]:
    team = scope_of(person).team_id
    return owner(text, filters.since, filters.until, team, team)


def test_sums_are_the_records_to_the_millionth_for_every_role(
    services: Services, history: object, add_person: Add, eve: Person, as_owner: Owner
) -> None:
    for person in viewers(add_person, eve):
        filters = days(45)
        [row] = run_report(services, person, "costs", "totals", filters).to_pylist()
        [(spend, charges, loose)] = asked(
            as_owner,
            person,
            filters,
            "select coalesce(sum(amount_usd), 0), count(*),"
            " coalesce(sum(amount_usd) filter (where generation_id is null), 0)"
            f" from studio.charges as x where {WITHIN}",
        )
        [(made, completed)] = asked(
            as_owner,
            person,
            filters,
            "select count(*), count(*) filter (where status = 'completed')"
            f" from studio.generations as x where {WITHIN}",
        )
        assert (row["spend_usd"], row["charges"], row["unattributed_usd"]) == (
            spend,
            charges,
            loose,
        )
        assert (row["generations"], row["completed"]) == (made, completed)


def test_waste_by_cause_is_the_records_for_every_role(
    services: Services, history: object, add_person: Add, eve: Person, as_owner: Owner
) -> None:
    for person in viewers(add_person, eve):
        filters = days(90)
        rows = run_report(services, person, "costs", "waste", filters).to_pylist()
        expected = asked(
            as_owner,
            person,
            filters,
            "select case x.status when 'failed' then x.cause when 'canceled' then 'stopped'"
            " else 'rejected' end, count(distinct x.id), coalesce(sum(c.amount_usd), 0)"
            " from studio.generations as x left join studio.videos as v on v.id = x.id"
            " left join studio.charges as c on c.generation_id = x.id"
            f" where {WITHIN} and (x.status in ('failed', 'canceled')"
            " or v.verdict = 'rejected') group by 1",
        )
        found = {row["reason"]: (row["generations"], row["wasted_usd"]) for row in rows}
        assert found == {reason: (number, usd) for reason, number, usd in expected}


def test_estimates_and_charges_are_the_records_for_every_role(
    services: Services, history: object, add_person: Add, eve: Person, as_owner: Owner
) -> None:
    for person in viewers(add_person, eve):
        filters = days(90)
        rows = run_report(services, person, "costs", "estimates", filters).to_pylist()
        expected = asked(
            as_owner,
            person,
            filters,
            "select x.model, count(*), sum(x.estimate_usd), sum(c.amount_usd)"
            " from studio.generations as x join studio.charges as c on c.generation_id = x.id"
            f" where {WITHIN} and x.status = 'completed' group by 1",
        )
        found = [
            (row["model"], row["generations"], row["estimate_usd"], row["charge_usd"])
            for row in rows
        ]
        assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("by", ["model", "team", "campaign", "person"])
def test_every_grouping_adds_up_to_the_same_spend(
    services: Services, history: object, eve: Person, add_person: Add, by: str
) -> None:
    ada = add_person("Ada", role=Role.ADMIN)
    [total] = run_report(services, ada, "costs", "totals", days(60)).to_pylist()
    for name in ("by_group", "spend_by_day"):
        table = run_report(services, ada, "costs", name, days(60), by=by, grain="month")
        assert sum(table["spend_usd"].to_pylist(), Decimal(0)) == total["spend_usd"]


def test_the_bridge_between_two_periods_is_the_change_for_every_role(
    services: Services, history: object, add_person: Add, eve: Person
) -> None:
    for person in viewers(add_person, eve):
        sides, spend = [], []
        for filters in (days(40, back=40), days(40)):
            rows = run_report(services, person, "costs", "bridge", filters).to_pylist()
            [total] = run_report(services, person, "costs", "totals", filters).to_pylist()
            spend.append(total["spend_usd"])
            sides.append(side_of(rows, spend[-1]))
        assert sum(bridge(*sides).values(), Decimal(0)) == spend[1] - spend[0]


def test_chargeback_has_a_row_for_each_charge_with_names(
    services: Services, history: object, eve: Person, as_owner: Owner
) -> None:
    table = run_report(services, eve, "costs", "chargeback", days(90))
    expected = asked(
        as_owner,
        eve,
        days(90),
        f"select x.id::text, x.amount_usd from studio.charges as x where {WITHIN}",
    )
    found = list(
        zip(*(table[name].to_pylist() for name in ("charge_id", "amount_usd")), strict=True)
    )
    assert sorted(found) == sorted(expected)
    assert set(table["team"].to_pylist()) == {"Marketing"}
    assert {"Eve", "Ann"} <= set(table["person"].to_pylist())


def test_filters_leave_in_exactly_what_they_name(
    services: Services, history: tuple[SpentHistory, list[Person]], eve: Person, as_owner: Owner
) -> None:
    ann = history[1][1]
    filters = replace(
        days(90), people=(ann.id,), campaigns=(NOBODY,), models=("pro",), resolutions=("720p",)
    )
    [row] = run_report(services, eve, "costs", "totals", filters).to_pylist()
    [(expected,)] = as_owner(
        "select coalesce(sum(c.amount_usd), 0) from studio.charges as c"
        " join studio.generations as g on g.id = c.generation_id where g.person_id = %s"
        " and g.campaign_id is null and g.model = 'pro' and g.parameters ->> 'resolution' = '720p'",
        ann.id,
    )
    assert row["spend_usd"] == expected > 0


def test_a_filter_by_another_team_shows_a_manager_nothing(
    services: Services, history: tuple[SpentHistory, list[Person]], eve: Person
) -> None:
    sales = history[1][2].team_id
    filters = replace(days(90), teams=(sales,))
    [row] = run_report(services, eve, "costs", "totals", filters).to_pylist()
    assert (row["spend_usd"], row["generations"]) == (0, 0)


def test_what_is_behind_the_bridge_and_the_tiles_has_their_sums(
    services: Services, history: object, add_person: Add, eve: Person
) -> None:
    for person in viewers(add_person, eve):
        sides = run_report(services, person, "costs", "bridge", days(60)).to_pylist()
        [totals] = run_report(services, person, "costs", "totals", days(60)).to_pylist()
        behind = {
            part: run_report(services, person, "costs", "made_behind", days(60), part=part)
            for part in ("good", "wasted", "finished", "approved")
        }
        sums = {part: table.to_pylist()[0] for part, table in behind.items()}
        for part, is_good in (("good", True), ("wasted", False)):
            rows = [row for row in sides if row["good"] is is_good]
            assert sums[part]["all_rows"] == sum(row["n"] for row in rows)
            assert sums[part]["all_usd"] == sum(row["usd"] for row in rows)
            assert sum(behind[part]["amount_usd"].to_pylist()) == sums[part]["all_usd"]
        assert sums["finished"]["all_rows"] == totals["completed"]
        assert sums["approved"]["all_rows"] == totals["approved"]


def test_every_report_opens_as_sql_with_the_same_answer(
    services: Services, history: object, eve: Person
) -> None:
    filters = replace(days(90), models=("lite", "it's"), people=(eve.id, NOBODY))
    for name in reports("costs"):
        filled = fill_report("costs", name, filters, **MORE.get(name, {}))
        scope = scope_of(eve)
        bare = services.warehouse.table(sql(as_sql(filled)), scope)
        found = services.warehouse.table(filled.query, scope, **filled.parameters)
        if name in UNORDERED:
            order = [(column, "ascending") for column in found.column_names]
            bare, found = bare.sort_by(order), found.sort_by(order)
        assert bare == found


def test_drafts_are_worth_what_their_finals_price_would_have_made_of_them(
    services: Services, as_owner: Owner, eve: Person
) -> None:
    as_owner("update studio.budgets set active = false")
    made = SpentHistory(services.database, as_owner)
    draft = made.add(eve, days_ago=2, usd="0.5")
    made.add(eve, usd="5", resolution="1080p", duration_s=10, parent_id=draft)
    made.add(eve, usd="0.5")
    sync_warehouse(services)
    [row] = run_report(services, eve, "costs", "drafts", days(10)).to_pylist()
    assert (row["drafts"], row["finals"]) == (1, 1)
    assert row["saved_usd"] == Decimal("5") / 10 * 5 - Decimal("0.5")


def test_what_costs_four_fifths_of_its_final_a_second_is_no_draft(
    services: Services, as_owner: Owner, eve: Person
) -> None:
    as_owner("update studio.budgets set active = false")
    made = SpentHistory(services.database, as_owner)
    for usd in ("0.562464", "0.562463"):
        first = made.add(eve, days_ago=2, usd=usd, duration_s=5)
        made.add(eve, usd="0.703080", duration_s=5, model="pro", parent_id=first)
    sync_warehouse(services)
    filters = replace(days(10), models=("pro",))
    [row] = run_report(services, eve, "costs", "drafts", filters).to_pylist()
    assert (row["drafts"], row["drafts_usd"]) == (1, Decimal("0.562463"))
