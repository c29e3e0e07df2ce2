from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from dashboard import passwords
from dashboard import services as front_services
from dashboard.live_sessions import LiveSessions
from jobs.bootstrap import Services
from tests.integration.front.front_studio import Clock, Studio, served


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The parameters are the operator's cost, not the behaviour; dozens of tries would add up."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=64))


@pytest.fixture
def studio(services: Services) -> Iterator[Studio]:
    clock = Clock()
    front_services.install(services, LiveSessions(services.database, clock=clock))
    with served() as origin:
        studio = Studio(services, clock, origin)
        yield studio
        studio.close()
    front_services.close_services()
