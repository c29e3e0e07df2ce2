"""Kept queries on the Workbench page: versions, charts, sharing, addresses."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.workbench_state import AS_CHART, TAB
from jobs.bootstrap import Services
from jobs.errors import InvalidRequest
from jobs.warehousing import sync_warehouse
from jobs.workbench.charts import Chart, chart_of, written
from jobs.workbench.keeping import forget_query, keep_query, kept_queries, versions_of
from storage.errors import RecordNotFound
from storage.models import Person, Role
from tests.pages.workbench_page import press, rows_of, settled, words_of
from tests.spent_histories import SpentHistory

Add = Callable[..., Person]
Open = Callable[..., AppTest]
Make = Callable[[Callable[[], None]], None]
COUNT = "select day, count(*) as n, sum(charge_usd) as spend_usd from generations group by day"
BARS = Chart("Bars", "day", ("spend_usd",))


@pytest.fixture
def ana(add_person: Add) -> Person:
    return add_person("Ana", role=Role.ANALYST)


@pytest.fixture
def some(front: Services, history: SpentHistory, mia: Person, made_once: Make) -> None:
    """A video for 3 dollars."""

    def write() -> None:
        history.add(mia, usd="3")
        sync_warehouse(front)

    made_once(write)


def panel(page: AppTest, name: str) -> AppTest:
    """The page with one of its panels open."""
    page.session_state[f"workbench_{name}"] = True
    return page.run()


def name_field(page: AppTest) -> Any:
    return next(one for one in page.text_input if one.label == "Name")


def saved_as(page: AppTest, name: str) -> AppTest:
    name_field(panel(page, "save")).set_value(name)
    return press(page, "Save")


def drawn(page: AppTest) -> dict[str, Any]:
    """What the fields of the chart builder say."""
    return {
        "form": page.selectbox(key="workbench_form").value,
        "across": page.selectbox(key="workbench_x").value,
        "up": page.multiselect(key="workbench_y").value,
        "by": page.selectbox(key="workbench_by").value,
    }


def test_a_query_is_kept_in_versions(front: Services, ana: Person) -> None:
    for sql in ("select 1", "select 2", "select 2"):
        kept = keep_query(front, ana, "  Mine ", sql, shared_with="team")
    assert [one.sql for one in versions_of(front, ana, kept)] == ["select 2", "select 1"]
    assert [(one.name, one.version) for one in kept_queries(front, ana)] == [("Mine", 2)]


def test_a_shared_query_is_found_by_whom_it_is_shared_with(
    front: Services, ana: Person, mia: Person, add_person: Add
) -> None:
    max_ = add_person("Max", role=Role.MANAGER, team="Sales")
    for whom in ("nobody", "team", "company"):
        keep_query(front, ana, whom, "select 1", shared_with=whom)
    assert [one.name for one in kept_queries(front, mia)] == ["company", "team"]
    assert [one.name for one in kept_queries(front, max_)] == ["company"]
    with pytest.raises(RecordNotFound):
        forget_query(front, mia, kept_queries(front, mia)[0].id)


def test_a_chart_is_a_part_of_the_version(front: Services, ana: Person) -> None:
    for chart in (None, BARS, BARS, Chart("Line", "day", ("n",))):
        kept = keep_query(front, ana, "Mine", COUNT, chart=chart)
    found = [chart_of(one.chart) for one in versions_of(front, ana, kept)]
    assert found == [Chart("Line", "day", ("n",)), BARS, None]


@pytest.mark.parametrize(
    "chart", [Chart("Cake", "day", ("n",)), Chart("Bars", "", ("n",)), Chart("Bars", "day", ())]
)
def test_a_chart_that_can_not_be_drawn_is_not_kept(
    front: Services, ana: Person, chart: Chart
) -> None:
    with pytest.raises(InvalidRequest):
        keep_query(front, ana, "Mine", COUNT, chart=chart)


@pytest.mark.parametrize("kept", [{}, {"up": "n"}, {"up": [1]}, {**written(BARS), "form": "Cake"}])
def test_a_chart_that_makes_no_sense_is_none(kept: dict[str, Any]) -> None:
    assert chart_of(kept) is None
    assert chart_of(written(BARS)) == BARS


def test_a_kept_query_comes_back_by_its_address_with_its_chart(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    kept = keep_query(front, ana, "Mine", COUNT, chart=Chart("Area", "day", ("spend_usd", "n")))
    page = press(opens("workbench", ana, query=str(kept)), "Run")
    assert drawn(page) == {"form": "Area", "across": "day", "up": ["spend_usd", "n"], "by": None}
    assert page.query_params["query"] == str(kept)
    assert "sql" not in page.query_params


def test_an_older_version_comes_back_by_its_address(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    kept = keep_query(front, ana, "Mine", "select 1 as one")
    keep_query(front, ana, "Mine", "select 2 as two", chart=Chart("Bars", "two", ("two",)))
    page = press(opens("workbench", ana, query=str(kept), version="1"), "Run")
    assert rows_of(page) == [{"one": 1}]


def test_what_is_changed_and_saved_becomes_a_version(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    kept = keep_query(front, ana, "Mine", COUNT, shared_with="team", chart=BARS)
    page = press(opens("workbench", ana, query=str(kept)), "Run")
    page.selectbox(key="workbench_form").set_value("Points").run()
    assert "Adds version 2 to Mine." in words_of(panel(page, "save"))
    page = press(page, "Save")
    assert [one.version for one in versions_of(front, ana, kept)] == [2, 1]
    assert chart_of(kept_queries(front, ana)[0].chart) == Chart("Points", "day", ("spend_usd",))
    assert kept_queries(front, ana)[0].shared_with == "team"
    assert "Points: spend_usd by day" in words_of(panel(page, "versions"))


def test_a_question_is_saved_with_the_chart_that_was_looked_at(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    page = press(opens("workbench", ana, sql=COUNT), "Run")
    page.session_state[TAB] = AS_CHART
    page = saved_as(page.run(), "By day")
    found = kept_queries(front, ana)[0]
    assert chart_of(found.chart) == Chart("Line", "day", ("n",))
    assert page.query_params["query"] == str(found.id)


def test_a_question_is_saved_without_a_chart_that_nobody_looked_at(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    saved_as(press(opens("workbench", ana, sql=COUNT), "Run"), "Rows")
    assert kept_queries(front, ana)[0].chart == {}


def test_a_chart_falls_back_where_a_column_is_gone(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    gone = Chart("Points", "gone", ("gone_usd",), "gone")
    kept = keep_query(front, ana, "Mine", COUNT, chart=gone)
    page = press(opens("workbench", ana, query=str(kept)), "Run")
    assert drawn(page) == {"form": "Points", "across": "day", "up": ["n"], "by": None}


def test_who_opens_a_shared_query_saves_a_copy(
    opens: Open, some: None, front: Services, ana: Person, mia: Person
) -> None:
    kept = keep_query(front, ana, "Shared", COUNT, shared_with="company", chart=BARS)
    page = panel(opens("workbench", mia, query=str(kept)), "save")
    assert "Saves a copy of your own; that of Ana stays." in words_of(page)
    press(page, "Save")
    assert [one.version for one in versions_of(front, ana, kept)] == [1]
    assert [(one.name, one.person_id) for one in kept_queries(front, mia)] == [
        ("Shared", mia.id), ("Shared", ana.id),
    ]  # fmt: skip


def test_the_name_in_the_form_follows_the_query_that_is_opened(
    opens: Open, some: None, front: Services, ana: Person
) -> None:
    ids = [keep_query(front, ana, name, f"select '{name}'") for name in ("One", "Two")]
    page = panel(panel(opens("workbench", ana, query=str(ids[0])), "save"), "kept")
    page.button(key=f"workbench_open_{ids[1]}").click().run()
    assert name_field(panel(page, "save")).value == "Two"


@pytest.mark.parametrize("wanted", ["nonsense", "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"])
def test_an_address_of_no_query_says_so(opens: Open, some: None, ana: Person, wanted: str) -> None:
    page = opens("workbench", ana, query=wanted)
    assert "it was deleted, or is not shared with you" in words_of(page)


def test_a_query_of_somebody_else_is_not_found_by_its_address(
    opens: Open, some: None, front: Services, ana: Person, mia: Person
) -> None:
    kept = keep_query(front, ana, "Mine", "select 'secret'")
    page = opens("workbench", mia, query=str(kept))
    assert "not shared with you" in words_of(page)
    assert "secret" not in str(page.session_state["workbench_given"])


def test_deleting_asks_first(opens: Open, some: None, front: Services, ana: Person) -> None:
    kept = keep_query(front, ana, "Mine", COUNT)
    page = panel(opens("workbench", ana), "kept")
    page.button(key=f"workbench_forget_{kept}").click().run()
    assert "every version of it go" in words_of(page)
    assert len(kept_queries(front, ana)) == 1
    page.button(key="workbench_delete").click().run()
    assert kept_queries(front, ana) == []


def test_the_history_brings_a_question_back_with_its_values(
    opens: Open, some: None, ana: Person
) -> None:
    page = opens("workbench", ana, sql="select name from people where name = $who")
    page.text_input(key="workbench_p_text_who").set_value("Mia")
    press(page, "Run")
    page = panel(opens("workbench", ana), "history")
    next(one for one in page.button if "workbench_run_" in str(one.key)).click().run()
    assert page.text_input(key="workbench_p_text_who").value == "Mia"
    assert rows_of(press(page, "Run")) == [{"name": "Mia"}]


def test_a_starter_runs_with_its_chart(opens: Open, some: None, ana: Person) -> None:
    page = opens("workbench", ana)
    page.button(key="workbench_starter_spend_by_week").click()
    page = press(settled(page.run()), "Run")
    assert drawn(page)["by"] == "model"
