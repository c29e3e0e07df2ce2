"""A page of figures that was looked at once is drawn again from what was kept."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from dashboard import charts
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import Person
from tests.spent_histories import SpentHistory


@pytest.fixture
def skeletons(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How high each skeleton was that a page has shown."""
    shown: list[int] = []
    real = DeltaGenerator.skeleton

    def noted(self: DeltaGenerator, *, height: int) -> Any:
        shown.append(height)
        return real(self, height=height)

    monkeypatch.setattr(DeltaGenerator, "skeleton", noted)
    return shown


PAGES = ("costs", "latency", "usage", "my_month")


def refuse(*_: Any, **__: Any) -> NoReturn:
    pytest.fail("a chart was drawn again")


def test_no_chart_is_drawn_twice_and_only_the_first_look_has_a_skeleton(
    opens: Callable[..., AppTest],
    front: Services,
    history: SpentHistory,
    mia: Person,
    skeletons: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.add_many([mia], 20)
    sync_warehouse(front)
    pages = [opens(name, mia) for name in PAGES]
    assert len(skeletons) == len(PAGES)
    monkeypatch.setattr(charts, "figure", refuse)
    for page in pages:
        assert not page.run().exception
        assert page.get("plotly_chart")
    assert len(skeletons) == len(PAGES)
