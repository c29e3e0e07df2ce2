from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.components.latency_phases import FEW, colour_of, share_words
from jobs.bootstrap import Services
from jobs.demo import write_demo
from jobs.warehousing import live_folder, sync_warehouse
from storage.models import GenerationStatus, Person, Role
from storage.warehouse.manifest import FILE_NAME
from tests.spent_histories import SpentHistory

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Add = Callable[..., Person]
Owner = Callable[..., list[Any]]


@pytest.fixture
def opened(opens: Callable[..., AppTest], mia: Person) -> Open:
    """The page as Mia sees it: `opened(Ada, period="7d")`."""
    return lambda who=None, **address: opens("latency", who or mia, **address)


def words_of(page: AppTest) -> str:
    blocks = [*page.title, *page.markdown, *page.caption, *page.error]
    return " ".join(block.value for block in blocks).replace("\\", "")


def tiles_of(page: AppTest) -> dict[str, str]:
    return {one.label: one.value for one in page.metric}


def test_a_member_has_no_such_page(visit: Visit, person: Person) -> None:
    page = visit(person).run()
    with pytest.raises(ValueError, match="latency"):
        page.switch_page("app_pages/latency.py")


def test_without_a_lake_the_page_says_when_there_will_be_figures(opened: Open) -> None:
    assert "No figures yet" in words_of(opened())


def test_a_period_without_generations_offers_another(
    opened: Open, front: Services, history: SpentHistory, mia: Person
) -> None:
    history.add(mia, days_ago=300)
    sync_warehouse(front)
    assert "Nothing in this period" in words_of(opened())


def test_a_lake_that_is_broken_is_told_in_words(opened: Open, front: Services) -> None:
    live_folder(front).mkdir(parents=True)
    (live_folder(front) / FILE_NAME).write_text("{")
    assert "manifest can't be read" in words_of(opened())


def test_one_video_and_one_failure_are_shown_as_the_small_numbers_they_are(
    opened: Open, front: Services, history: SpentHistory, mia: Person
) -> None:
    history.add(mia)
    history.add(mia, status=GenerationStatus.FAILED)
    sync_warehouse(front)
    page = opened()
    assert tiles_of(page)["Failed"] == "1 of 2"
    assert tiles_of(page)["Half ready in"] != "—"
    assert "1 generation." in words_of(page)
    assert "No hour of the week has three generations yet." in words_of(page)


def test_the_waterfall_opens_on_a_typical_video_and_not_on_the_slowest(
    opened: Open, front: Services, history: SpentHistory, mia: Person, as_owner: Owner
) -> None:
    for seconds in (10, 60, 900):
        id = history.add(mia, title=f"Took {seconds}")
        as_owner(
            "update studio.generations set finished_at = created_at + %s * interval '1 second'"
            " where id = %s",
            seconds,
            id,
            triggers=False,
        )
    sync_warehouse(front)
    page = opened()
    assert page.dataframe[0].value["Title"][0] == "Took 900"
    assert "**Took 60**: " in words_of(page)
    assert "A typical one" in words_of(page)


def test_a_manager_sees_the_team_and_an_analyst_everybody(
    opened: Open, front: Services, history: SpentHistory, mia: Person, add_person: Add
) -> None:
    history.add(mia)
    history.add(add_person("Cid", team="Sales"), status=GenerationStatus.FAILED)
    sync_warehouse(front)
    assert tiles_of(opened())["Failed"] == "0 of 1"
    assert tiles_of(opened(add_person("Ana", role=Role.ANALYST)))["Failed"] == "1 of 2"


@pytest.mark.parametrize("most", [200_000, 100])
def test_the_demo_history_fills_the_page_exactly_and_from_counts(
    opened: Open, front: Services, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr("dashboard.components.latency_phases.EXACT_VIDEOS", most)
    folder = front.settings.warehouse_folder / "demo"
    write_demo(folder, generations=2000, months=12, seed=1, now=datetime.now().astimezone())
    page = opened(demo="1", period="year", phase="inference")
    assert "Being made at fal" in words_of(page)
    assert len(page.metric) == 5
    assert ("off by 1 %" in words_of(page)) == (most == 100)


def test_small_shares_are_counts() -> None:
    assert [share_words(0, 0), share_words(3, 7), share_words(5, 100)] == ["—", "3 of 7", "5.0 %"]


def test_a_change_is_coloured_only_where_it_says_something() -> None:
    assert colour_of("+50.0 %", FEW, FEW) == colour_of("-1.0 points", FEW, FEW) == "inverse"
    assert {colour_of(None, FEW), colour_of("0 %", FEW), colour_of("+9.0 %", FEW, 3)} == {"off"}
