"""`studio up`: what it says, what it keeps, where it writes, how it ends."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from storage.embedded.processes import wait_until
from tests.acceptance.conftest import NewStudio
from tests.acceptance.process_tree import descendants, mentioning, open_for_writing
from tests.acceptance.running_studio import CHECKOUT, START_S, Studio

on_linux = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux has /proc and the parent-death signal"
)
MADE_BY_TOOLS = {".git", ".venv", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"}
MADE_BY_TOOLS |= {"__pycache__", ".import_linter_cache", ".studio"}


def secrets_of(studio: Studio, client: httpx.Client) -> list[str]:
    """What nobody may read: passwords of the servers, a session, links, the first password."""
    urls = [studio.endpoints.database_url, studio.endpoints.redis_url]
    passwords = [re.findall(r":([^:@/]+)@", url.get_secret_value())[0] for url in urls if url]
    assert len(passwords) == 2
    return [*passwords, *client.cookies.values(), studio.link.rpartition("/")[2]]


def folders_of_checkout() -> set[Path]:
    inside = (Path(folder) for folder, _, _ in os.walk(CHECKOUT))
    return {f for f in inside if not MADE_BY_TOOLS & set(f.relative_to(CHECKOUT).parts)}


def test_the_first_start_says_where_it_is_and_how_to_sign_in(
    first_start: Studio, first_words: str
) -> None:
    assert first_words.count(f"running at {first_start.url}\n") == 1
    assert "Videos come from the simulator" in first_words
    assert first_words.count(f"{first_start.url}/session/link/") == 1
    assert (
        len(re.findall(r"shown only this once:\n  admin@studio.local\n  \S{16}\n", first_words))
        == 1
    )
    assert f"Data: {first_start.data}" in first_words


def test_the_first_password_signs_in(studio: Studio, first_words: str) -> None:
    found = re.search(r"admin@studio\.local\n  (\S+)\n", first_words)
    assert found
    fields = {"email": "admin@studio.local", "password": found[1], "next": "/"}
    with studio.browser() as client:
        assert client.post("/session/login", data=fields).status_code == 303
        assert client.get("/create").status_code == 200


def test_the_printed_link_works_once_and_then_says_so(studio: Studio) -> None:
    with studio.browser() as client:
        assert "Sign in as Administrator" in client.get(studio.link).text
        assert client.post(studio.link).status_code == 303
        assert client.get("/create").status_code == 200
    with studio.browser() as late:
        again = late.post(studio.link)
        assert again.status_code == 410
        assert "link" in again.text
        assert late.get("/create").headers["location"].startswith("/session/login")


def test_ctrl_c_ends_every_process_and_a_second_start_keeps_everything(studio: Studio) -> None:
    before = studio.generate("--wait").json["id"]
    link, facts = studio.link, studio.facts()
    assert len(studio.tree()) > 10
    assert studio.stop(signal.SIGINT) == 0
    assert studio.said.endswith("\nStopped.\n")
    assert not (studio.data / "endpoints.json").exists()
    studio.start()
    assert studio.password is None
    assert "shown only this once" not in studio.said
    assert studio.link != link
    assert studio.facts() == facts
    assert studio.status(before) == "completed"


def test_no_secret_is_in_what_it_prints_or_logs(studio: Studio, first_words: str) -> None:
    with studio.signed_in() as client:
        assert client.get("/create").status_code == 200
        assert studio.generate("--wait").code == 0
        secrets = secrets_of(studio, client)
    logs = {log.name: log.read_text() for log in (studio.data / "logs").iterdir()}
    assert {"workers.log", "watcher.log", "dashboard.log", "postgres.log"} <= logs.keys()
    first_password = re.findall(r"admin@studio\.local\n  (\S+)\n", first_words)
    for name, text in logs.items():
        assert not [s for s in [*secrets, *first_password] if s in text], name
    assert not [secret for secret in secrets[:-1] if secret in studio.said]


@on_linux
def test_it_writes_below_its_data_folder_and_nowhere_else(studio: Studio) -> None:
    before = folders_of_checkout()
    assert studio.generate("--wait").code == 0
    with studio.signed_in() as client:
        assert client.get("/create").status_code == 200
    written = {file for process in studio.tree() for file in open_for_writing(process.pid)}
    outside = {f for f in written if not f.is_relative_to(studio.data) and f.is_file()}
    assert outside <= {studio.data.with_name("up.log")}
    assert not list(studio.home.iterdir())
    assert folders_of_checkout() == before


def test_a_second_studio_on_the_folder_is_told_who_has_it(studio: Studio) -> None:
    second = studio.run("up")
    assert second.code == 1
    assert f"process {studio.pid}" in second.err
    assert "STUDIO_DATA_DIR" in second.err
    assert studio.running


def test_a_port_in_use_is_told_with_its_setting(tmp_path: Path, new_studio: NewStudio) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        studio = new_studio(tmp_path)
        studio.port = taken.getsockname()[1]
        said = studio.run("up")
    assert said.code == 1
    assert str(studio.port) in said.err
    assert "STUDIO_PORT" in said.err
    assert not mentioning(str(studio.data))


@on_linux
def test_a_killed_studio_leaves_no_process_and_starts_again_with_everything(
    studio: Studio,
) -> None:
    under_way = studio.generate().json["id"]
    facts = studio.facts()
    assert studio.stop(signal.SIGKILL) == -signal.SIGKILL
    studio.start()
    assert studio.wait_for(under_way, {"completed"}) == "completed"
    now = studio.facts()
    assert now["generations"] == facts["generations"]
    assert studio.run("doctor").code == 0


def test_ctrl_c_while_it_starts_ends_every_process(
    tmp_path: Path, new_studio: NewStudio, started_until: Callable[[Studio, str], None]
) -> None:
    studio = new_studio(tmp_path)
    started_until(studio, "postgres -D")
    studio.stop(signal.SIGINT)


@pytest.fixture
def started_until() -> Callable[[Studio, str], None]:
    """Starts a studio and returns when a process of its tree has these words."""

    def start(studio: Studio, words: str) -> None:
        studio.data.mkdir()
        with studio.data.with_name("up.log").open("wb") as log:
            studio.process = subprocess.Popen(
                [sys.executable, "-m", "dashboard.cli", "up"],
                cwd=studio.home,
                env=studio.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def there() -> bool:
            return any(words in process.command for process in descendants(studio.pid))

        assert wait_until(there, START_S)

    return start
