"""What a click on a bar shows is reached without a mouse, too."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import GenerationStatus, Person
from tests.spent_histories import SpentHistory

Opens = Callable[..., AppTest]


@pytest.fixture
def some(history: SpentHistory, front: Services, mia: Person) -> None:
    """A video and a failure that was charged; in the period before, a video."""
    history.add(mia, usd="3")
    history.add(mia, usd="0.5", status=GenerationStatus.FAILED)
    history.add(mia, usd="2", days_ago=45)
    sync_warehouse(front)


def named(page: AppTest, field: str, part: str | None) -> AppTest:
    """Choose a part of a chart by its name."""
    [box] = [one for one in page.selectbox if str(one.key).startswith(field)]
    return box.set_value(part).run()


def clicked(page: AppTest, chart: str, carries: list[Any]) -> AppTest:
    """Click a mark of a chart."""
    [drawn] = [one for one in page.get("plotly_chart") if f"-{chart}" in one.proto.id]
    key = drawn.proto.id.rsplit("-", 1)[-1]
    page.session_state[key] = {"selection": {"points": [{"customdata": carries}]}}
    return page.run()


def heads_of(page: AppTest) -> list[str]:
    return [one.value.replace("\\", "") for one in page.markdown if "Behind it" in one.value]


@pytest.mark.usefixtures("some")
def test_a_step_of_the_bridge_is_chosen_by_its_name(opens: Opens, mia: Person) -> None:
    page = named(opens("costs", mia), "costs_bridge", "price")
    assert [head for head in heads_of(page) if "Price" in head]


@pytest.mark.usefixtures("some")
def test_of_a_click_and_a_name_the_later_one_counts(opens: Opens, mia: Person) -> None:
    page = named(opens("costs", mia), "costs_bridge", "price")
    page = clicked(page, "costs_bridge", ["", "waste"])
    assert "Waste" in heads_of(page)[0]
    assert [one.value for one in page.selectbox if "bridge" in str(one.key)] == [None]
    page = named(page, "costs_bridge", "change")
    assert "Change" in heads_of(page)[0]


@pytest.mark.usefixtures("some")
def test_a_reason_of_waste_is_chosen_by_its_name(opens: Opens, mia: Person) -> None:
    page = opens("costs", mia)
    page.session_state["costs_detail"] = "Waste"
    page = named(page.run(), "costs_waste", "our_bug")
    assert heads_of(page)[0].startswith("**Behind it: A mistake of ours")


@pytest.mark.usefixtures("some")
def test_a_cause_of_failures_is_chosen_for_the_whole_period(opens: Opens, mia: Person) -> None:
    page = named(opens("latency", mia), "latency_failures", "our_bug")
    assert heads_of(page)[0].startswith("**Behind it: A mistake of ours")
    assert "1 generation." in [one.value for one in page.caption]


@pytest.mark.usefixtures("some")
def test_the_bridge_names_every_step_beside_its_bar(opens: Opens, mia: Person) -> None:
    [chart] = [one for one in opens("costs", mia).get("plotly_chart") if "bridge" in one.proto.id]
    [bars] = json.loads(chart.proto.spec)["data"]
    assert bars["orientation"] == "h"
    assert bars["y"][-1] == "Change"
    assert json.loads(chart.proto.spec)["layout"]["yaxis"]["dtick"] == 1
