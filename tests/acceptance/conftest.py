"""One studio, started as an operator starts it, for every test of the product as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from playwright.sync_api import Browser, sync_playwright
from pydantic import SecretStr

from storage.embedded.server import free_port
from storage.embedded.valkey import EmbeddedValkey
from tests.acceptance.browsing import chromium_program
from tests.acceptance.running_studio import Studio
from tests.acceptance.warm_commands import Commands

HERE = Path(__file__).parent
LONGEST_S = 240
"""A start on a busy machine takes a minute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder share one studio, so they run in one process, one after another.

    Those in the browser come last: they leave generations that never end.
    """
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("studio"))
            item.add_marker(pytest.mark.timeout(LONGEST_S))
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


NewStudio: TypeAlias = Callable[..., Studio]


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Runs the commands beside a studio."""
    commands = Commands()
    yield commands
    commands.close()


@pytest.fixture(scope="session")
def new_studio(commands: Commands) -> NewStudio:
    """Makes a studio with an empty home and no data yet, not started: `new_studio(folder)`."""

    def make(folder: Path, **more: str) -> Studio:
        home = folder / "home"
        home.mkdir()
        return Studio(commands, folder / "data", home, more=more)

    return make


@pytest.fixture(scope="session")
def first_start(
    tmp_path_factory: pytest.TempPathFactory, new_studio: NewStudio
) -> Iterator[Studio]:
    """The studio after its very first start."""
    studio = new_studio(tmp_path_factory.mktemp("studio"))
    try:
        studio.start()
        yield studio
    finally:
        if studio.running:
            studio.stop()


@pytest.fixture(scope="session")
def first_words(first_start: Studio) -> str:
    """What the very first start printed."""
    return first_start.said


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Each module has its own: while it runs, its thread can run no other event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_program())
        yield browser
        browser.close()


@pytest.fixture
def studio(first_start: Studio, first_words: str) -> Studio:
    """The running studio; a test may stop it, the next one finds it running."""
    if not first_start.running:
        first_start.start()
    return first_start


@pytest.fixture
def apart(
    tmp_path: Path, new_studio: NewStudio, database_url: SecretStr, valkey_server: EmbeddedValkey
) -> Studio:
    """Settings of services that are started one by one."""
    return new_studio(
        tmp_path,
        DATABASE_URL=database_url.get_secret_value(),
        REDIS_URL=valkey_server.url.get_secret_value(),
        FAL_BASE_URL=f"http://127.0.0.1:{free_port()}",
        STUDIO_HOST="0.0.0.0",  # noqa: S104 (as in a container)
    )
