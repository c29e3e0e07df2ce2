from collections.abc import Iterator

import pytest

from dashboard import passwords
from dashboard import services as front_services
from dashboard.live_sessions import LiveSessions
from jobs.bootstrap import Services
from tests.integration.front.front_studio import CHEAP_HASHES, Clock, Studio, served


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that the house's passwords have, too."""
    monkeypatch.setattr(passwords, "_hasher", CHEAP_HASHES)


@pytest.fixture
def studio(services: Services) -> Iterator[Studio]:
    clock = Clock()
    front_services.install(services, LiveSessions(services.database, clock=clock))
    with served() as origin:
        studio = Studio(services, clock, origin)
        yield studio
        studio.close()
    front_services.close_services()
