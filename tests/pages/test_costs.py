import csv
import io
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from streamlit.proto.Metric_pb2 import Metric as MetricProto
from streamlit.testing.v1 import AppTest

from dashboard import analytics_reads, charts
from dashboard.analytics_address import parse_view
from dashboard.components import costs_export
from dashboard.components.costs_export import exported, file_name
from dashboard.components.costs_tiles import whole_days
from dashboard.figures import Figures
from jobs.bootstrap import Services
from jobs.budgets import set_limit
from jobs.demo import write_demo
from jobs.warehousing import sync_warehouse
from storage.models import GenerationStatus, Person, Role
from storage.records.gallery import Verdict
from tests.spent_histories import SpentHistory

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
Make = Callable[[Callable[[], None]], None]
S = GenerationStatus


@pytest.fixture
def some(
    history: SpentHistory, front: Services, mia: Person, add_person: Add, made_once: Make
) -> SpentHistory:
    """Last week: two videos, one of them approved, a failure and Sales' own; before: one video."""

    def write() -> None:
        history.add(mia, usd="3", verdict=Verdict.APPROVED)
        history.add(mia, usd="1", model="pro", days_ago=2)
        history.add(mia, usd="0.5", status=S.FAILED)
        history.add(mia, usd="2", days_ago=45)
        history.add(add_person("Cid", team="Sales"), usd="100")
        sync_warehouse(front)

    made_once(write)
    return history


@pytest.fixture
def opened(opens: Callable[..., AppTest], mia: Person) -> Open:
    """The page as Mia sees it: `opened(Ada, period="7d")`."""
    return lambda who=None, **address: opens("costs", who or mia, **address)


def words_of(page: AppTest) -> str:
    blocks = [*page.title, *page.markdown, *page.caption, *page.error, *page.warning]
    return " ".join(block.value for block in blocks).replace("\\", "")


def tiles_of(page: AppTest) -> dict[str, tuple[str, str]]:
    return {one.label: (one.value, one.delta) for one in page.metric}


def test_a_member_has_no_such_page(visit: Visit, person: Person) -> None:
    page = visit(person).run()
    with pytest.raises(ValueError, match="costs"):
        page.switch_page("app_pages/costs.py")


def test_the_first_tiles_are_the_teams_spend_and_its_change(
    opened: Open, some: SpentHistory
) -> None:
    tiles = tiles_of(opened())
    assert tiles["Spend"] == ("$4.50", "+125.0 %")
    assert tiles["Videos"] == ("2", "+100.0 %")
    assert tiles["Per finished video"] == ("$2.25", "+12.5 %")
    assert tiles["Per approved video"][0] == "$4.50"
    assert tiles["Wasted"] == ("11.1 %", "+11.1 points")


def test_more_spend_is_no_alarm_but_a_dearer_video_is(some: SpentHistory, opened: Open) -> None:
    colours = {one.label: one.proto.color for one in opened().metric}
    assert colours["Spend"] == colours["Videos"] == MetricProto.GRAY
    assert colours["Per finished video"] == MetricProto.RED


def test_the_course_of_a_tile_leaves_out_the_day_that_is_not_over() -> None:
    days = [{"day": date(2026, 12, number), "spend_usd": 1} for number in (1, 2, 3)]
    assert whole_days(days, date(2026, 12, 3)) == days[:2]


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_sees_all_teams_sees_all_spend(
    opened: Open, some: SpentHistory, add_person: Add, role: Role
) -> None:
    assert tiles_of(opened(add_person("Ada", role=role)))["Spend"][0] == "$104.50"


def test_a_filter_in_the_address_leaves_the_rest_out(opened: Open, some: SpentHistory) -> None:
    page = opened(model="pro", compare="0")
    assert tiles_of(page)["Spend"] == ("$1.00", "")
    assert "Why did spend change" not in words_of(page)
    assert next(b for b in page.button if b.label == "pro").click().run().metric[0].value == "$4.50"


def test_a_period_is_chosen_and_kept_in_the_address(opened: Open, some: SpentHistory) -> None:
    page = opened().selectbox(key="figures_period").set_value("90d").run()
    assert tiles_of(page)["Spend"][0] == "$6.50"
    assert page.query_params["period"] == "90d"


def test_why_spend_changed_is_told(opened: Open, some: SpentHistory) -> None:
    assert "Spend rose by **$2.50** (125%), from $2.00 to $4.50." in words_of(opened())


def test_more_videos_are_not_drawn_as_something_bad(opened: Open, some: SpentHistory) -> None:
    bridge = json.loads(chart_of(opened(), "costs_bridge").proto.spec)["data"][0]
    drawn = {bridge[way]["marker"]["color"] for way in ("increasing", "decreasing")}
    assert len(drawn) == 2
    assert not drawn & {charts.BAD, charts.GOOD}


def test_a_chart_says_in_words_what_each_colour_came_to(opened: Open, some: SpentHistory) -> None:
    alt = chart_of(opened(), "spend_model").proto.alt
    assert alt == "Spend by day and model: $4.50. lite $3.50, pro $1.00."


def test_a_click_on_a_bar_shows_the_charges_behind_it(
    opened: Open, some: SpentHistory, mia: Person
) -> None:
    page = opened()
    page = click(page, "spend_model", last_bar(page, "spend_model"))
    assert "Behind it: lite" in words_of(page)
    assert "2 rows, $3.50 together." in words_of(page)
    shown = page.dataframe[0].value
    assert list(shown["Amount"]) == [3.0, 0.5]
    assert shown["Open"][0].startswith("/gallery?video=")
    assert shown["Open"][1].startswith("/queue?generation=")


def test_a_reason_of_waste_leads_to_its_generations(opened: Open, some: SpentHistory) -> None:
    page = opened()
    page.session_state["costs_detail"] = "Waste"
    page = click(page.run(), "costs_waste", ["our_bug"])
    assert "Behind it: A mistake of ours" in words_of(page)
    assert "1 generation, $0.50 together." in words_of(page)


def test_a_tile_leads_to_what_is_behind_it(opened: Open, some: SpentHistory) -> None:
    page = opened()
    for tile, told in {
        "Spend": "3 rows, $4.50 together.",
        "Videos": "2 generations, $4.00 together.",
        "Approved": "1 generation, $3.00 together.",
        "Wasted": "1 generation, $0.50 together.",
    }.items():
        [buttons] = [one for one in page.button_group if "costs_tiles" in str(one.key)]
        page = buttons.set_value(tile).run()
        assert told in words_of(page), tile


def test_a_step_of_the_bridge_leads_to_the_videos_of_both_periods(
    opened: Open, some: SpentHistory
) -> None:
    page = opened()
    words = words_of(click(page, "costs_bridge", ["", "volume"]))
    assert "Behind it: Volume +$2.00" in words
    assert "2 generations, $4.00 together. 1 generation, $2.00 together." in words
    compared = page.dataframe[0].value
    assert list(compared["Model"]) == ["lite", "pro"]
    assert list(compared["Videos before"]) == [1, 0]


def test_a_step_of_no_videos_says_what_it_is(opened: Open, some: SpentHistory) -> None:
    page = opened()
    for step, told in {
        "price": "no list of videos stands behind it",
        "waste": "1 generation, $0.50 together. Nothing was charged there.",
        "change": "3 rows, $4.50 together. 1 row, $2.00 together.",
        "rest": "the ledger says $4.50, the generations begun then cost $4.50.",
    }.items():
        page = click(page, "costs_bridge", ["", step])
        assert told in words_of(page), step


def test_two_lists_can_be_open_at_once(opened: Open, some: SpentHistory) -> None:
    page = opened()
    page.session_state["costs_detail"] = "Waste"
    page = click(page.run(), "costs_waste", ["our_bug"])
    page = click(page, "spend_model", last_bar(page, "spend_model"))
    assert "2 rows, $3.50 together." in words_of(page)
    assert "1 generation, $0.50 together." in words_of(page)


def test_a_row_of_a_table_leads_to_its_charges(opened: Open, some: SpentHistory) -> None:
    page = opened()
    page.session_state[key_of(page.dataframe[0])] = {
        "selection": {"rows": [1], "columns": [], "cells": []}
    }
    page = page.run()
    assert "Behind it: pro" in words_of(page)
    assert "1 row, $1.00 together." in words_of(page)


def test_a_day_of_the_month_leads_to_its_charges(
    opened: Open, history: SpentHistory, front: Services, mia: Person
) -> None:
    history.add(mia, usd="3", days_ago=0)
    sync_warehouse(front)
    page = opened()
    today = json.loads(chart_of(page, "costs_month").proto.spec)["data"][-1]["customdata"][-1]
    assert "1 row, $3.00 together." in words_of(click(page, "costs_month", today))


def test_every_chart_opens_as_sql_with_its_values(opened: Open, some: SpentHistory) -> None:
    page = opened(model="pro")
    links = [one.proto for one in page.get("page_link") if one.proto.label == "SQL"]
    asked = [parse_qs(one.query_string)["sql"][0] for one in links]
    assert len(asked) == 6
    assert all("list_contains(['pro'], coalesce(model, ''))" in text for text in asked)
    assert not any("$" in text or "/*" in text for text in asked)


def chart_of(page: AppTest, name: str) -> Any:
    return next(one for one in page.get("plotly_chart") if name in one.proto.id)


def last_bar(page: AppTest, name: str) -> list[Any]:
    """What the last bar of the first colour carries."""
    bars = json.loads(chart_of(page, name).proto.spec)["data"][0]
    found: list[Any] = bars["customdata"][-1]
    return found


def key_of(element: Any) -> str:
    return str(element.proto.id).rsplit("-", 1)[-1]


def click(page: AppTest, name: str, carries: list[Any]) -> AppTest:
    page.session_state[key_of(chart_of(page, name))] = {
        "selection": {"points": [{"customdata": carries}]}
    }
    page = page.run()
    assert not page.exception
    return page


def test_nothing_in_the_period_is_said(opened: Open, some: SpentHistory) -> None:
    page = opened(period="last-month", model="none-such")
    assert "Nothing in this period" in words_of(page)
    assert "with these filters" in words_of(page)


def test_before_the_first_sync_the_page_says_when_figures_come(opened: Open) -> None:
    words = words_of(opened())
    assert "No figures yet" in words
    assert "after the first generation" in words


def test_an_empty_record_has_an_empty_page(opened: Open, front: Services, mia: Person) -> None:
    sync_warehouse(front)
    assert "Nothing in this period" in words_of(opened())


def test_one_video_makes_a_whole_page(
    opened: Open, history: SpentHistory, front: Services, mia: Person
) -> None:
    history.add(mia, usd="0.004", days_ago=0)
    sync_warehouse(front)
    page = opened()
    assert tiles_of(page)["Spend"] == ("$0.0040", "")
    assert tiles_of(page)["Per approved video"] == ("—", "")
    assert tiles_of(page)["Month's end"][0] == "—"


def test_spend_of_no_generation_is_a_line_of_its_own(
    opened: Open, some: SpentHistory, front: Services, mia: Person
) -> None:
    some.correct("team", mia.team_id, "1.25")
    sync_warehouse(front)
    assert "$1.25 of the spend belongs to no generation" in words_of(opened())


def test_a_month_budget_says_whether_it_lasts(
    opened: Open, some: SpentHistory, set_month: Callable[[str], UUID]
) -> None:
    set_month("100000")
    assert "Marketing**: lasts the month" in words_of(opened())
    set_month("0.01")
    assert "Marketing**: used up" in words_of(opened())


def test_a_manager_reads_how_far_the_organisations_month_is_used_but_no_pace_of_it(
    opened: Open,
    some: SpentHistory,
    front: Services,
    add_person: Add,
    set_month: Callable[[str], UUID],
) -> None:
    set_month("100000")
    admin = add_person("Ada", role=Role.ADMIN)
    set_limit(
        front,
        admin,
        scope="organisation",
        target_id=None,
        period="month",
        kind="hard",
        limit_usd=Decimal(100_000),
    )
    assert "% used by all teams together ($" in words_of(opened())
    assert "Marketing**: lasts the month" in words_of(opened())
    assert "used by all teams together" not in words_of(opened(admin))


@pytest.fixture
def set_month(front: Services, mia: Person) -> Callable[[str], UUID]:
    def run(usd: str) -> UUID:
        return set_limit(
            front,
            mia,
            scope="team",
            target_id=mia.team_id,
            period="month",
            kind="hard",
            limit_usd=Decimal(usd),
        )

    return run


def test_charges_that_left_their_estimates_raise_an_alarm(
    opened: Open, history: SpentHistory, front: Services, mia: Person
) -> None:
    for _ in range(5):
        history.add(mia, usd="1.2")
    sync_warehouse(front)
    page = opened()
    page.session_state["costs_detail"] = "Estimate and charge"
    words = words_of(page.run())
    assert "lite: charges are +20.0 % off the estimates" in words


def test_a_lake_that_cant_be_read_is_told_in_words(
    opened: Open, some: SpentHistory, front: Services
) -> None:
    folder = front.settings.warehouse_folder / "live"
    (folder / "manifest.json").write_text("{")
    assert "can't be read" in words_of(opened())


def test_what_the_engine_said_of_a_lost_file_is_not_for_the_page(
    opened: Open, some: SpentHistory, front: Services
) -> None:
    folder = front.settings.warehouse_folder / "live"
    for file in folder.rglob("*.parquet"):
        file.unlink()
    [box] = opened(period="90d", model="pro").error  # which nobody has asked for yet
    assert "The warehouse could not answer" in box.value.replace("\\", "")
    assert "parquet" not in box.value


def test_a_broken_demo_does_not_take_the_real_figures_away(
    opened: Open, some: SpentHistory, front: Services
) -> None:
    folder = front.settings.warehouse_folder / "demo"
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{")
    assert tiles_of(opened(demo="1"))["Spend"][0] == "$4.50"


def test_a_demo_is_a_switch_away_and_marked(
    opened: Open, some: SpentHistory, front: Services
) -> None:
    write_demo(front.settings.warehouse_folder / "demo", generations=300, months=2)
    page = opened()
    assert tiles_of(page)["Spend"][0] == "$4.50"
    page = page.toggle(key="figures_demo").set_value(True).run()
    assert not page.exception
    assert tiles_of(page)["Spend"][0] != "$4.50"
    assert page.query_params["demo"] == "1"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_for_chargeback_has_each_charge_and_runs_nothing(
    front: Services, history: SpentHistory, mia: Person, form: str
) -> None:
    history.add(mia, usd="3", title="=HYPERLINK(0)")
    history.add(mia, usd="2", days_ago=45)
    sync_warehouse(front)
    figures = figures_of(front, mia)
    made = exported(figures, form)
    assert file_name(figures).startswith("costs-20")
    if form == "xlsx":
        assert made.startswith(b"PK")
        return
    [row] = csv.DictReader(io.StringIO(made.decode("utf-8-sig"), newline=""))
    assert (row["amount_usd"], row["team"], row["person"]) == ("3.000000", "Marketing", "Mia")
    assert row["title"] == "'=HYPERLINK(0)"


def test_more_rows_than_a_file_holds_are_said_before_it_is_made(
    opened: Open, some: SpentHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(costs_export.MOST_ROWS, "xlsx", 2)
    page = opened()
    page.session_state["costs_export"] = True
    words = words_of(page.run())
    assert "Excel (XLSX) holds 2 rows, and these are 3" in words
    assert "CSV holds" not in words


def figures_of(front: Services, person: Person) -> Figures:
    lens = analytics_reads.look(person, demo=False)
    today = date.today()  # noqa: DTZ011
    return Figures(person, parse_view({}, today), lens, {}, today, ZoneInfo("Europe/Berlin"))
