"""The front door with Streamlit behind it, started as the studio starts it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import dashboard
from dashboard.session_cookie import COOKIE, new_token
from jobs.bootstrap import Services
from storage.embedded.processes import wait_until
from storage.models import Person
from storage.records import sessions

ENTRY = Path(dashboard.__file__).with_name("asgi.py")
CHECKOUT = ENTRY.parents[1]


@contextmanager
def running(services: Services, folder: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`streamlit run dashboard/asgi.py` in a folder, with a free port and its output in `log`."""
    settings = services.settings
    assert settings.database_url is not None
    assert settings.redis_url is not None
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "FAL_BASE_URL": settings.fal_base_url or "",
        "STUDIO_DATA_DIR": str(settings.data_dir),
        "PYTHONPATH": str(CHECKOUT),
    }
    arguments = ["--server.address", "127.0.0.1", "--server.port", "0"]
    command = [sys.executable, "-m", "streamlit", "run", str(ENTRY), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--server.enableAgentApi", "true"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.fixture
def studio_url(services: Services, tmp_path: Path) -> Iterator[str]:
    log = tmp_path / "log"
    with running(services, CHECKOUT, log):
        assert wait_until(lambda: "URL: " in log.read_text(), 60)
        yield log.read_text().split("URL: ")[1].split()[0].replace("localhost", "127.0.0.1")


def snapshot(url: str, page: str, token: str | None) -> httpx.Response:
    """What a browser would show of a page, by Streamlit's own account."""
    cookies = {COOKIE: token} if token else {}
    with httpx.Client(base_url=url, cookies=cookies, trust_env=False, timeout=60) as browser:
        return browser.post("/_stcore/agent/interact", json={"page": page})


def test_a_person_sees_pages_and_a_stranger_sees_none(
    studio_url: str, services: Services, person: Person
) -> None:
    token = new_token()
    with services.database.as_service() as tx:
        sessions.open_session(tx, token, person.id, hours=1, user_agent="test")
    assert snapshot(studio_url, "account", None).status_code == 401
    seen = snapshot(studio_url, "account", token)
    assert seen.status_code == 200
    assert "ann@acme.test" in json.dumps(seen.json())


def test_outside_the_studios_folder_it_does_not_start(services: Services, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with running(services, tmp_path, log) as process:
        process.wait(timeout=60)
    assert process.returncode != 0
    assert "does not use the studio's .streamlit/config.toml" in log.read_text()
