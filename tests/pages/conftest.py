from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dashboard
from dashboard import services as front_services
from dashboard.session_cookie import new_token
from jobs.bootstrap import Services
from storage.models import Person
from storage.records import sessions

FRAME = Path(dashboard.__file__).with_name("app.py")


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
