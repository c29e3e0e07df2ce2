import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.usage_people import LEFT
from dashboard.components.usage_retention import cohorts_of
from dashboard.components.usage_words import count_change, share_change, share_words
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import GenerationStatus, Person, Role
from storage.records import events
from storage.records.gallery import Verdict
from tests.spent_histories import SpentHistory

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
Make = Callable[[Callable[[], None]], None]
S = GenerationStatus


@pytest.fixture
def cid(add_person: Add) -> Person:
    return add_person("Cid", team="Sales")


@pytest.fixture
def some(
    history: SpentHistory,
    front: Services,
    mia: Person,
    cid: Person,
    add_person: Add,
    made_once: Make,
) -> SpentHistory:
    """Mia: two videos, one approved and downloaded, and a failure. Ann and Cid: a video each."""

    def write() -> None:
        made = history.add(mia, usd="3", verdict=Verdict.APPROVED)
        history.add(mia, usd="1", days_ago=2)
        history.add(mia, usd="0.5", status=S.FAILED)
        history.add(add_person("Ann"), usd="2")
        history.add(cid, usd="100")
        with front.database.as_service() as tx:
            events.add(tx, "downloaded", person_id=mia.id, team_id=mia.team_id, generation_id=made)
        sync_warehouse(front)

    made_once(write)
    return history


@pytest.fixture
def opened(opens: Callable[..., AppTest], mia: Person) -> Open:
    """The page as Mia sees it: `opened(Ada, period="7d")`."""
    return lambda who=None, **address: opens("usage", who or mia, **address)


def words_of(page: AppTest) -> str:
    blocks = [*page.title, *page.subheader, *page.markdown, *page.caption, *page.error]
    return " ".join(block.value for block in blocks).replace("\\", "")


def tiles_of(page: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in page.metric}


def test_a_member_has_no_such_page(visit: Visit, person: Person) -> None:
    page = visit(person).run()
    with pytest.raises(ValueError, match="usage"):
        page.switch_page("app_pages/usage.py")


def test_the_tiles_are_the_teams_and_a_small_share_is_shown_as_such(
    opened: Open, some: SpentHistory
) -> None:
    tiles = tiles_of(opened())
    assert (tiles["Active people"], tiles["Generations"]) == ("2", "4")
    assert (tiles["Success"], tiles["Approved"]) == ("3 of 4", "1")
    assert (tiles["Downloaded"], tiles["Shared"]) == ("1", "0")


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_sees_all_teams_sees_all_people(
    opened: Open, some: SpentHistory, add_person: Add, role: Role
) -> None:
    page = opened(add_person("Ada", role=role))
    assert tiles_of(page)["Active people"] == "3"
    assert list(page.dataframe[0].value["Person"]) == ["Ann", "Cid", "Mia"]


def test_people_stand_by_name_with_their_numbers(opened: Open, some: SpentHistory) -> None:
    shown = opened().dataframe[0].value
    assert list(shown["Person"]) == ["Ann", "Mia"]
    assert list(shown["Success"]) == ["1 of 1", "2 of 3"]
    assert list(shown["Spend"]) == [2.0, 4.5]
    assert list(shown["Downloaded"]) == [0, 1]


def test_a_single_day_is_as_wide_as_a_day(
    opened: Open, front: Services, history: SpentHistory, mia: Person
) -> None:
    history.add(mia)
    sync_warehouse(front)
    [bars] = json.loads(opened().get("plotly_chart")[0].proto.spec)["data"]
    assert bars["width"] > timedelta(hours=12) / timedelta(milliseconds=1)


@pytest.mark.parametrize("grain", ["week", "month"])
def test_active_people_are_counted_by_week_and_month_too(
    opened: Open, some: SpentHistory, grain: str
) -> None:
    page = opened().segmented_control(key="usage_grain").set_value(grain).run()
    assert not page.exception
    assert f"Active people by {grain}" in words_of(page)


def test_one_person_has_a_page_and_a_way_back(
    opened: Open, some: SpentHistory, mia: Person
) -> None:
    page = opened(person=str(mia.id))
    assert "Mia" in [one.value for one in page.subheader]
    assert (tiles_of(page)["Generations"], tiles_of(page)["Spend"]) == ("3", "$4.50")
    assert len(page.dataframe[0].value) == 3
    page = next(one for one in page.button if one.label == "All people").click().run()
    assert tiles_of(page)["Generations"] == "4"
    assert "person" not in page.query_params


def test_somebody_of_another_team_is_nobody_here(
    opened: Open, some: SpentHistory, cid: Person
) -> None:
    page = opened(person=str(cid.id))
    assert "Nobody here" in words_of(page)
    assert "Cid" not in words_of(page)
    assert not page.metric
    assert not page.dataframe


def test_what_somebody_who_left_the_team_did_here_can_still_be_looked_at(
    opened: Open, some: SpentHistory, front: Services, as_owner: Owner, cid: Person
) -> None:
    [(ann,)] = as_owner("select id from studio.people where name = 'Ann'")
    as_owner("update studio.people set team_id = %s where id = %s", cid.team_id, ann)
    sync_warehouse(front)
    assert list(opened().dataframe[0].value["Person"]) == ["Mia", LEFT]
    page = opened(person=str(ann))
    assert [one.value for one in page.subheader] == [LEFT]
    assert "Ann" not in words_of(page)
    assert tiles_of(page)["Generations"] == "1"


def test_filters_that_usage_does_not_have_are_dropped(opened: Open, some: SpentHistory) -> None:
    page = opened(model="pro")
    assert tiles_of(page)["Generations"] == "4"
    assert "model" not in page.query_params


def test_before_the_first_sync_the_page_says_when_figures_come(opened: Open) -> None:
    assert "No figures yet" in words_of(opened())


def test_nothing_in_the_period_is_said(opened: Open, some: SpentHistory) -> None:
    assert "Nothing in this period" in words_of(opened(period="last-month"))


def test_a_lake_that_cant_be_read_is_told_in_words(
    opened: Open, some: SpentHistory, front: Services
) -> None:
    (front.settings.warehouse_folder / "live" / "manifest.json").write_text("{")
    assert "can't be read" in words_of(opened())


def test_months_without_anybody_are_nought_and_months_to_come_are_not_there() -> None:
    rows = [
        {"cohort": date(2026, 9, 1), "later": 0, "people": 4},
        {"cohort": date(2026, 9, 1), "later": 2, "people": 3},
        {"cohort": date(2026, 11, 1), "later": 0, "people": 1},
    ]
    found = cohorts_of(rows, date(2026, 11, 28))
    assert found == {date(2026, 9, 1): [4, 0, 3], date(2026, 11, 1): [1]}


def test_a_share_of_few_is_written_as_its_parts() -> None:
    assert [share_words(3, 4), share_words(4, 5), share_words(0, 0)] == ["3 of 4", "80 %", "—"]
    assert share_change((3, 4), (9, 10)) is None
    assert share_change((4, 5), (9, 10)) == "-10.0 points"


def test_a_change_from_few_is_written_as_a_number() -> None:
    assert [count_change(3, 2), count_change(3, 3), count_change(30, 20)] == ["+1", "0", "+50.0 %"]
