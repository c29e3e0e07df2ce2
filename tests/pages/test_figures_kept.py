"""A page of figures that was looked at once is drawn again from what was kept."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import charts
from jobs.bootstrap import Services
from jobs.warehousing import sync_warehouse
from storage.models import Person
from tests.spent_histories import SpentHistory

PAGES = ("costs", "latency", "usage", "my_month")


def refuse(*_: Any, **__: Any) -> NoReturn:
    pytest.fail("a chart was drawn again")


def test_no_chart_is_drawn_twice(
    opens: Callable[..., AppTest],
    front: Services,
    history: SpentHistory,
    mia: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    history.add_many([mia], 20)
    sync_warehouse(front)
    pages = [opens(name, mia) for name in PAGES]
    monkeypatch.setattr(charts, "figure", refuse)
    for page in pages:
        assert not page.run().exception
        assert page.get("plotly_chart")
