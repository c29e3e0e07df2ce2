import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from dashboard import workbench_state
from dashboard.components.workbench_chart import drawing, fitting
from dashboard.components.workbench_result import exported
from dashboard.workbench_address import MOST_IN_ADDRESS
from jobs.bootstrap import Services
from jobs.demo import write_demo
from jobs.errors import NotAllowed, QueryRefused
from jobs.warehousing import sync_warehouse
from jobs.workbench.asking import ask, history
from jobs.workbench.charts import FORMS, Chart
from storage.models import Person, Role
from tests.pages.workbench_page import press, rows_of, settled, words_of
from tests.spent_histories import SpentHistory

Visit = Callable[[Person], AppTest]
Open = Callable[..., AppTest]
Add = Callable[..., Person]
Owner = Callable[..., list[Any]]
Make = Callable[[Callable[[], None]], None]
LONG = "select count(*) from range(10000000) a, range(10000000) b where (a.range * b.range) % 7 = 3"
COUNT = "select count(*) as n, sum(charge_usd) as spend_usd from generations"


@pytest.fixture
def ana(add_person: Add) -> Person:
    return add_person("Ana", role=Role.ANALYST)


@pytest.fixture
def mia(add_person: Add) -> Person:
    return add_person("Mia", role=Role.MANAGER)


@pytest.fixture
def some(
    front: Services, as_owner: Owner, mia: Person, add_person: Add, made_once: Make
) -> SpentHistory:
    """A video of Mia's for 3 dollars, and one of Sales' for 100."""
    as_owner("update studio.budgets set active = false")
    history = SpentHistory(front.database, as_owner)

    def write() -> None:
        history.add(mia, usd="3")
        history.add(add_person("Cid", team="Sales"), usd="100")
        sync_warehouse(front)

    made_once(write)
    return history


@pytest.fixture
def opened(visit: Visit, ana: Person) -> Open:
    """The page as Ana sees it: `opened(Mia, sql="select 1")`."""

    def run(who: Person | None = None, **address: str) -> AppTest:
        page = visit(who or ana).run()
        for name, value in address.items():
            page.query_params[name] = value
        page = page.switch_page("app_pages/workbench.py").run()
        assert not page.exception
        return page

    return run


def test_a_member_has_no_such_page(visit: Visit, person: Person) -> None:
    with pytest.raises(ValueError, match="workbench"):
        visit(person).run().switch_page("app_pages/workbench.py")


def test_before_the_first_sync_it_says_so(opened: Open) -> None:
    assert "nothing to ask yet" in words_of(opened())


def test_the_demo_is_offered_where_there_is_one(opened: Open, front: Services) -> None:
    write_demo(front.demo_warehouse.folder, generations=200, months=1, seed=1)
    page = press(opened(), "Look at the demo history")
    assert "nothing here was spent" in words_of(page)


@pytest.mark.parametrize(
    ("role", "team", "rows"),
    [(Role.ANALYST, "Marketing", 2), (Role.ADMIN, "Office", 2), (Role.MANAGER, "Sales", 1)],
)
def test_each_role_asks_its_own_rows(
    opened: Open, some: SpentHistory, add_person: Add, role: Role, team: str, rows: int
) -> None:
    page = press(opened(add_person("Ada", role=role, team=team), sql=COUNT), "Run")
    assert "1 row" in words_of(page)
    assert rows_of(page)[0]["n"] == rows


def test_a_manager_is_told_whose_rows_they_are(
    opened: Open, some: SpentHistory, mia: Person
) -> None:
    page = press(opened(mia, sql=COUNT), "Run")
    assert "your team's rows" in words_of(page)
    assert float(rows_of(page)[0]["spend_usd"]) == 3


def test_what_is_refused_is_told_and_the_next_is_answered(opened: Open, some: SpentHistory) -> None:
    page = press(opened(sql="from read_text('/etc/passwd')"), "Run")
    assert "`read_text()` can't be read from." in words_of(page)
    page.query_params["sql"] = COUNT
    assert rows_of(press(page.run(), "Run"))[0]["n"] == 2


def test_what_the_keyboard_asked_is_asked_though_the_next_press_cut_its_run_short(
    opened: Open, some: SpentHistory
) -> None:
    page = opened(sql=COUNT)
    page.session_state["workbench_pressed"] = True  # as its run leaves it behind
    assert rows_of(settled(page.run())) == [{"n": 2, "spend_usd": 103.0}]
    assert "workbench_pressed" not in page.session_state


def test_a_press_counts_until_its_question_is_asked(
    opened: Open, some: SpentHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(sql=COUNT)
    page.session_state["workbench_pressed"] = True
    with monkeypatch.context() as cut_short:
        cut_short.setattr(workbench_state, "start", lambda *_, **__: st.stop())
        page.run()
    assert rows_of(settled(page.run())) == [{"n": 2, "spend_usd": 103.0}]


def test_a_mistake_is_shown_as_duckdb_tells_it(opened: Open, some: SpentHistory) -> None:
    page = press(opened(sql="select nothing from generations"), "Run")
    assert "nothing" in page.error[0].value


def test_parameters_are_a_form(opened: Open, some: SpentHistory) -> None:
    page = opened(sql="select count(*) as n from people where name = $who")
    page.text_input(key="workbench_p_text_who").set_value("Mia")
    assert rows_of(press(page, "Run"))[0]["n"] == 1


def test_an_answer_without_rows_says_so(opened: Open, some: SpentHistory) -> None:
    page = press(opened(sql="from generations where false"), "Run")
    assert "No row fits the question." in words_of(page)


def test_a_long_answer_says_what_is_left_out(opened: Open, some: SpentHistory) -> None:
    page = press(opened(sql="select range from range(100000)"), "Run")
    assert "Only the first 50,000 rows are here" in page.warning[0].value


def test_tables_are_found_by_their_columns(opened: Open, some: SpentHistory) -> None:
    page = opened()
    page.text_input(key="workbench_find").set_value("bucket").run()
    found = {one.label for one in page.expander}
    assert found == {f"`latency_{by}`" for by in ("day", "hour", "model", "team")} | {
        "`hour_buckets`",
        "`phase_buckets`",
    }


def test_ten_rows_of_a_table_are_one_press_away(opened: Open, some: SpentHistory) -> None:
    page = opened()
    page.session_state["workbench_table_people"] = True
    page.run().button(key="workbench_look_people").click().run()
    assert len(rows_of(press(page, "Run"))) == 3


def test_columns_of_a_table_are_shown_while_it_is_open(opened: Open, some: SpentHistory) -> None:
    page = opened()
    assert "`person_id`" not in words_of(page)
    page.session_state["workbench_table_charges"] = True
    assert "`person_id`" in words_of(page.run())
    page.session_state["workbench_table_charges"] = False
    assert "`person_id`" not in words_of(page.run())


def test_the_few_tables_that_were_looked_for_are_open(opened: Open, some: SpentHistory) -> None:
    page = opened()
    page.text_input(key="workbench_find").set_value("attempts").run()
    assert len(page.expander) <= 3
    assert "`attempts`" in words_of(page)


def test_every_question_leaves_a_row(
    opened: Open, some: SpentHistory, front: Services, ana: Person, mia: Person, add_person: Add
) -> None:
    page = press(opened(sql=COUNT), "Run")
    page.query_params["sql"] = "drop table people"
    press(page.run(), "Run")
    found = history(front, ana)
    assert [(run.outcome, run.row_count) for run in found] == [("refused", None), ("answered", 1)]
    assert history(front, mia, everybody=True) == []
    assert len(history(front, add_person("Ada", role=Role.ADMIN), everybody=True)) == 2


def test_what_a_question_writes_lies_in_the_data_folder(
    front: Services, some: SpentHistory, ana: Person
) -> None:
    ask(front, ana, "select 1", {}, demo=False).result()
    assert list(front.settings.workbench_folder.glob("studio-workbench-*"))


def test_a_member_asks_nothing(front: Services, person: Person) -> None:
    with pytest.raises(NotAllowed):
        ask(front, person, "select 1", {}, demo=False)


def test_an_empty_question_is_refused(front: Services, ana: Person) -> None:
    with pytest.raises(QueryRefused):
        ask(front, ana, " \0 ", {}, demo=False)


def test_no_text_of_a_file_runs_as_a_formula(front: Services) -> None:
    table = pa.table({"=a": ["=1+1", "@x", "fine"], "n": [1, 2, 3]})
    assert exported(table, "csv").decode("utf-8-sig").splitlines()[:2] == ["'=a,n", "'=1+1,1"]
    assert exported(table, "xlsx")[:2] == b"PK"
    assert exported(table, "parquet")[:4] == b"PAR1"


@pytest.mark.parametrize("form", FORMS)
def test_a_chart_has_a_series_for_each_colour(form: str) -> None:
    table = pa.table({"day": [3, 1, 2], "model": ["a", "b", None], "n": [1.0, 2.0, None]})
    made = drawing(table, Chart(form, "day", ("n",), "model"))
    assert [trace.name for trace in made.data] == ["a", "b", "none"]


def test_a_colour_stays_with_its_name_in_whatever_order_rows_come() -> None:
    table = pa.table({"day": [1, 1, 2, 2], "model": ["b", "a", "a", "b"], "n": [1, 2, 3, 4]})
    chart = Chart("Bars", "day", ("n",), "model")
    shuffled = table.take([1, 0, 3, 2])
    assert [one.name for one in drawing(table, chart).data] == ["a", "b"]
    assert [one.name for one in drawing(shuffled, chart).data] == ["a", "b"]


def test_a_column_that_tells_rows_apart_becomes_the_colours() -> None:
    weeks = [date(2026, 11, 2)] * 2 + [date(2026, 11, 9)] * 2
    table = pa.table({"week": weeks, "model": ["a", "b"] * 2, "n": [1, 2, 3, 4]})
    assert fitting(None, table) == Chart("Line", "week", ("n",), "model")
    assert fitting(None, table.slice(0, 1)) == Chart("Line", "week", ("n",))
    assert fitting(None, table.drop_columns(["week"])) == Chart("Bars", "model", ("n",))


def test_a_question_of_another_window_is_stopped(
    opened: Open, some: SpentHistory, front: Services, ana: Person
) -> None:
    other = ask(front, ana, LONG, {}, demo=False)
    page = press(opened(sql=COUNT), "Run")
    assert "A question of yours is still running." in words_of(page)
    press(page, "Stop the one that runs")
    assert other.wait(60)
    assert other.stopped
    assert rows_of(press(page, "Run"))[0]["n"] == 2


def test_a_question_too_long_for_an_address_says_so(opened: Open, some: SpentHistory) -> None:
    words = "é" * (MOST_IN_ADDRESS // 6)
    page = press(opened(sql=f"select '{words[10:]}' as a"), "Run")
    assert "too long for an address" not in words_of(page)
    page.query_params["sql"] = f"select '{words}' as a"
    page = press(page.run(), "Run")
    assert "too long for an address" in words_of(page)
    assert "sql" not in page.query_params


def test_days_are_shown_as_days(opened: Open, some: SpentHistory) -> None:
    sql = "select date_trunc('week', created_at) as week, now() as at from generations"
    page = press(opened(sql=sql), "Run")
    columns = json.loads(page.dataframe[0].proto.columns)
    assert columns["week"]["type_config"]["type"] == "date"
    assert "at" not in columns


def test_an_answer_too_large_for_excel_is_offered_in_other_forms(
    opened: Open, some: SpentHistory
) -> None:
    columns = ", ".join(f"range as c{number}" for number in range(11))
    for rows, offered in ((45_000, True), (46_000, False)):
        page = press(opened(sql=f"select {columns} from range({rows})"), "Run")
        buttons: Any = page.get("download_button")
        assert {one.label: one.disabled for one in buttons} == {
            "CSV": False,
            "Excel (XLSX)": not offered,
            "Parquet": False,
        }
