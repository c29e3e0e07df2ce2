"""What a page of figures shows and what its SQL answers in the workbench are the same, by role."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import analytics_reads
from dashboard.workbench_address import fits_address
from jobs.analytics import answer
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from jobs.workbench.asking import ask
from storage.models import Person, Role
from tests.spent_histories import SpentHistory

Add = Callable[..., Person]
Open = Callable[..., AppTest]
Make = Callable[[Callable[[], None]], None]
Rows = list[list[str]]
PAGES = [
    *((page, Role.MANAGER) for page in ("costs", "latency", "usage", "my_month")),
    ("costs", Role.ADMIN),
]


@pytest.fixture
def made(
    front: Services, history: SpentHistory, mia: Person, add_person: Add, made_once: Make
) -> None:
    """Generations of two teams, of every kind."""

    def write() -> None:
        history.add_many([mia, add_person("Cid", team="Sales")], 30)
        sync_warehouse(front)

    made_once(write)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Rows]:
    """Every answer of the warehouse that the page was drawn from."""
    found: list[Rows] = []
    for kept in (analytics_reads.report, analytics_reads.rows):
        kept.cache_clear()  # of a page that an earlier test has drawn of the same lake

    def noted(*asked: Any, **how: Any) -> Any:
        table = answer(*asked, **how)
        found.append(as_words(table))
        return table

    monkeypatch.setattr(analytics_reads, "answer", noted)
    return found


def as_words(table: Any) -> Rows:
    return [[str(value) for value in row.values()] for row in table.to_pylist()]


def questions(page: AppTest) -> list[str]:
    links = [one.proto for one in page.get("page_link") if one.proto.label == "SQL"]
    return [parse_qs(one.query_string)["sql"][0] for one in links]


def answered(services: Services, who: Person, sql: str) -> Rows:
    return as_words(ask(services, who, sql, {}, demo=False).result().table)


@pytest.mark.parametrize(("name", "role"), PAGES)
def test_every_chart_opens_with_its_figures(
    opens: Open,
    front: Services,
    made: None,
    shown: list[Rows],
    mia: Person,
    add_person: Add,
    name: str,
    role: Role,
) -> None:
    who = mia if role is Role.MANAGER else add_person("Ada", role=role, team="Office")
    page = opens(name, who)
    asked = questions(page)
    assert len(asked) >= len(page.get("plotly_chart")) > 0
    assert all(fits_address({"sql": [sql]}) for sql in asked)
    for sql in asked:
        assert answered(front, who, sql) in shown, sql


def test_every_detail_of_the_costs_opens_with_its_figures(
    opens: Open, front: Services, made: None, shown: list[Rows], mia: Person
) -> None:
    page = opens("costs", mia)
    known = set(questions(page))
    for tab in ("Waste", "Estimate and charge", "Savings"):
        page.session_state["costs_detail"] = tab
        found = [sql for sql in questions(page.run()) if sql not in known]
        assert found, tab
        for sql in found:
            assert answered(front, mia, sql) in shown, sql
