"""Each service on its own, with the addresses in the environment, as compose runs them."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from storage.embedded.processes import end_child, wait_until
from tests.acceptance.running_studio import STOP_S, STUDIO, Studio, slowly

SERVICES = [("worker", "all"), ("watcher",), ("dashboard",)]


@contextmanager
def running(studio: Studio, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """One service; ended by SIGTERM, it has to leave in good order."""
    log = studio.home.with_name(f"{words[0]}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*STUDIO, *words],
            cwd=studio.home,
            env=studio.environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        running_still = process.poll() is None
        end_child(process, [(signal.SIGTERM, STOP_S)])
        assert running_still, log.read_text()
        assert process.returncode in (0, -signal.SIGTERM), log.read_text()


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_services_apart_make_a_video_together(apart: Studio) -> None:
    assert apart.run("migrate").code == 0
    simulator = ("simulator", "--port", apart.more["FAL_BASE_URL"].rpartition(":")[2])
    with ExitStack() as services:
        for words in [simulator, *SERVICES]:
            services.enter_context(running(apart, *words))
        added = apart.run("user", "add", "ops@acme.test", "--role", "admin", "--json").json
        made = apart.generate("--wait")
        assert made.json["status"] == "completed", made.err
        assert apart.run("doctor").code == 0
        assert wait_until(slowly(lambda: answers(f"{apart.url}/health")), 60)
        assert added["link"].startswith(f"{apart.url}/session/link/")
        with apart.signed_in(added["link"]) as client:
            video = client.get(f"/app/static/media/{made.json['id']}/web")
            assert video.content == Path(made.json["files"]["web"]).read_bytes()


def test_before_there_is_anybody_generate_says_how_to_add_somebody(apart: Studio) -> None:
    assert apart.run("migrate").code == 0
    refused = apart.generate()
    assert refused.code == 1
    assert "no administrator" in refused.err
    assert "studio user add" in refused.err


def test_a_worker_of_one_queue_ends_when_it_is_told_to(apart: Studio) -> None:
    assert apart.run("migrate").code == 0
    with running(apart, "worker", "media", "--processes", "2"):
        missing = "No media process is at work."
        assert wait_until(slowly(lambda: missing not in apart.run("doctor").out, 0.5), 60)
    assert "No media process is at work." in apart.run("doctor").out
