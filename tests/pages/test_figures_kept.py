"""A page of figures that was looked at once is drawn again from what was kept."""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from streamlit.delta_generator import DeltaGenerator
from streamlit.testing.v1 import AppTest

from dashboard import charts, drawn_once
from jobs.bootstrap import DEMO, Services
from jobs.demo import write_demo
from jobs.warehousing import sync_warehouse
from storage.models import Person
from storage.warehouse.reader import WarehouseReader
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
    pytest.fail("that was done already")


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


def test_what_is_drawn_once_stands_again_where_it_stood(
    opens: Callable[..., AppTest], front: Services, mia: Person
) -> None:
    folder = front.settings.warehouse_folder / DEMO
    write_demo(folder, generations=300, months=2, catalog=front.catalog)
    for page in [opens(name, mia, demo="1") for name in PAGES]:
        drawn_once._drawn.clear()
        assert outline(page.run()) == outline(page.run())


def outline(page: AppTest) -> list[str]:
    """What stands on the page, each line with its place."""

    def lines(block: Any, place: str) -> Iterator[str]:
        for number, one in block.children.items():
            yield f"{place}.{number} {one.type}"
            yield from lines(one, f"{place}.{number}") if hasattr(one, "children") else ()

    return list(lines(page.main, ""))


def test_a_demo_that_was_looked_at_is_asked_nothing_again(
    opens: Callable[..., AppTest], front: Services, mia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = front.settings.warehouse_folder / DEMO
    write_demo(folder, generations=300, months=2, catalog=front.catalog)
    pages = [opens(name, mia, demo="1") for name in PAGES]
    for method in ("rows", "table"):
        monkeypatch.setattr(WarehouseReader, method, refuse)
    for page in pages:
        assert not page.run().exception
        assert page.get("plotly_chart")
