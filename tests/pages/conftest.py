import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import budget_reads
from dashboard import services as front_services
from dashboard.session_cookie import new_token
from jobs.bootstrap import Services
from storage.models import Person, Role
from storage.records import sessions
from tests.spent_histories import SpentHistory

FRAME = Path(dashboard.__file__).with_name("app.py")


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """What is installed is looked through once, as in a dashboard: `AppTest` does so for each run,
    which takes longer than the run."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture(autouse=True)
def main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit leaves a page's script behind as the main module; a process that a later test
    spawns would run it."""
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture
def front(services: Services) -> Iterator[Services]:
    """The services, as the pages find them."""
    front_services.install(services)
    yield services
    front_services.close_services()


@pytest.fixture
def visit(front: Services) -> Callable[[Person], AppTest]:
    """The frame as a signed-in person sees it, not run yet."""

    def run(person: Person) -> AppTest:
        with front.database.as_service() as tx:
            session_id = sessions.open_session(
                tx, new_token(), person.id, hours=1, user_agent="test"
            )
        page = AppTest.from_file(FRAME, default_timeout=30)
        page.user = {"session_id": str(session_id)}
        return page

    return run


@pytest.fixture
def mia(add_person: Callable[..., Person]) -> Person:
    """A manager."""
    return add_person("Mia", role=Role.MANAGER)


@pytest.fixture
def history(front: Services, as_owner: Callable[..., list[Any]]) -> SpentHistory:
    """A history of spend to add to; no budget stops it."""
    as_owner("update studio.budgets set active = false")
    return SpentHistory(front.database, as_owner)


@pytest.fixture
def opens(visit: Callable[[Person], AppTest]) -> Callable[..., AppTest]:
    """A page of figures with an address: `opens("costs", mia, period="7d")`."""

    def run(name: str, who: Person, **address: str) -> AppTest:
        budget_reads.overview.clear()
        page = visit(who).run()
        for key, value in address.items():
            page.query_params[key] = value
        page = page.switch_page(f"app_pages/{name}.py").run()
        assert not page.exception
        return page

    return run
