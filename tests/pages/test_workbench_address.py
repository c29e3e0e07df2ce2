"""The address of the Workbench page carries the values of its fields."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.workbench_address import values_of
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from jobs.workbench.keeping import keep_query
from storage.models import Person, Role
from tests.pages.workbench_page import press, rows_of
from tests.spent_histories import SpentHistory

Add = Callable[..., Person]
Open = Callable[..., AppTest]
Make = Callable[[Callable[[], None]], None]
SQL = (
    "select $day::date as day, $n::double as n, $yes::boolean as yes, $name as name, "
    "list_contains($names, 'b') as found"
)


@pytest.fixture
def ana(
    add_person: Add, front: Services, history: SpentHistory, mia: Person, made_once: Make
) -> Person:
    def write() -> None:
        history.add(mia)
        sync_warehouse(front)

    made_once(write)
    return add_person("Ana", role=Role.ANALYST)


def filled(page: AppTest) -> AppTest:
    page.date_input(key="workbench_p_day_day").set_value(date(2026, 11, 2))
    page.number_input(key="workbench_p_number_n").set_value(1.5)
    page.selectbox(key="workbench_p_yes_yes").set_value(False)
    page.text_input(key="workbench_p_text_name").set_value("Ü & co")
    page.session_state["workbench_p_list_names"] = ["a", "b"]
    return press(page, "Run")


def test_values_travel_with_the_address(opens: Open, ana: Person) -> None:
    page = filled(opens("workbench", ana, sql=SQL))
    address = {name: page.query_params[name] for name in page.query_params}
    assert address["p.names"] == ["a", "b"]
    again = press(opens("workbench", ana, **address), "Run")
    assert rows_of(again) == rows_of(page)
    assert list(rows_of(again)[0].values())[1:] == [1.5, False, "Ü & co", True]


def test_values_of_a_kept_query_travel_too(opens: Open, ana: Person, front: Services) -> None:
    kept = str(keep_query(front, ana, "Mine", "select $name as name"))
    page = press(opens("workbench", ana, query=kept, **{"p.name": "Mia"}), "Run")
    assert rows_of(page) == [{"name": "Mia"}]
    assert page.query_params["p.name"] in ("Mia", ["Mia"])


def test_usual_values_are_left_out(opens: Open, ana: Person) -> None:
    page = press(opens("workbench", ana, sql="select $since as since, $name as name"), "Run")
    assert [name for name in page.query_params if name.startswith("p.")] == []


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("day", "2026-11-02", "2026-11-02"),
        ("day", "", None),
        ("day", "tomorrow", "nothing"),
        ("n", "x", "nothing"),
        ("yes", "perhaps", "nothing"),
        ("other", "1", "nothing"),
    ],
)
def test_what_makes_no_sense_is_left_out(name: str, text: str, read: Any) -> None:
    found = values_of({f"p.{name}": [text]}, SQL)
    assert found.get(name, {"value": "nothing"})["value"] == read
