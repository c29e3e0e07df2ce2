"""How many runs of each page a second one dashboard process does, for many who click at once.

It stands here rather than in `jobs.bench` because it speaks Streamlit's protocol.
"""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Delta_pb2 import Delta
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from dashboard.bench_drawing import draw_pages
from dashboard.cli.processes import ROOT, environment_of
from dashboard.error_frame import FAILED
from dashboard.roles import pages_for
from dashboard.session_cookie import COOKIE, new_token
from jobs.bench.figures import percentile, ratio, rounded
from jobs.bench.gallery_rows import fill_record
from jobs.bench.studio import Plan, running_record
from jobs.bootstrap import DEMO, Services
from jobs.demo import write_demo
from storage.embedded.processes import wait_until
from storage.errors import ServiceStartFailed, StudioError
from storage.models import Role
from storage.records import people, sessions

_DEMO = "demo=1"
_QUERIES = {"costs": _DEMO, "latency": _DEMO, "usage": _DEMO, "my_month": _DEMO, "workbench": _DEMO}
"""Pages of figures show a demo history."""
_TEAM, _TEAMS = "Team 1", 2
"""One of those whose videos fill the record, and how many there are."""
DEFAULTS = {
    "STREAMLIT_RUNNER_POST_SCRIPT_GC": "true",
    "STREAMLIT_RUNNER_MAGIC_ENABLED": "true",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "auto",
}
"""Streamlit's own settings in place of `.streamlit/config.toml`: the baseline."""
_START_S = 120
_RUN_S = 60


@dataclass(frozen=True)
class Visits:
    """Who asks for which pages."""

    sessions: int = 20
    seconds: float = 8.0
    """For each page, and again for the baseline."""
    role: Role = Role.ADMIN
    generations: int = 20_000
    """Length of the demo history."""
    videos: int = 1_000
    """In the record."""
    rounds: int = 1
    """How often each page is measured. The best counts: what else the machine does at the time only
    slows it down."""
    pages: tuple[str, ...] = ()
    """Names of pages; none: all that the role has."""
    draws: int = 0
    """How often a Chromium goes back to each of them and loads it anew, too; 0: there is none."""

    def queries(self) -> dict[str, str]:
        """The pages with the query of their address."""
        names = [entry.name for entry in pages_for(self.role)]
        return {n: _QUERIES.get(n, "") for n in names if not self.pages or n in self.pages}


@dataclass(frozen=True)
class Clicks:
    """What was measured of one page."""

    runs: int
    took_s: float
    waits_s: list[float]
    cpu_s: float


def measure_pages(folder: Path, visits: Visits) -> dict[str, Any]:
    """Figures by page, with our settings and with Streamlit's.

    Raises:
        ServiceStartFailed: something did not come up.
        StudioError: a page was not drawn.
    """
    with running_record(folder, Plan(seconds=4, in_flight=1)) as studio:
        services = studio.services
        demo = services.settings.warehouse_folder / DEMO
        write_demo(demo, generations=visits.generations, months=12)
        fill_record(studio.record_url, visits.videos, teams=_TEAMS)
        tokens = _tokens(services, visits)
        with _serving(services, {}) as (port, process):
            ours = _measure(port, process, tokens, visits)
            drawn = _drawn(port, tokens[0], visits)
        with _serving(services, DEFAULTS) as (port, process):
            theirs = _measure(port, process, tokens, visits)
    return {
        "sessions": visits.sessions,
        "generations": visits.generations,
        **_figures(ours, theirs),
        **({"drawn": drawn} if drawn else {}),
    }


def _drawn(port: int, token: str, visits: Visits) -> dict[str, dict[str, Any]] | None:
    """None without a Chromium."""
    return draw_pages(port, token, visits.queries(), visits.draws) if visits.draws else None


def _figures(ours: Mapping[str, Clicks], theirs: Mapping[str, Clicks]) -> dict[str, Any]:
    waits_s = [wait for clicks in ours.values() for wait in clicks.waits_s]
    return {
        "runs_per_s": _per_s(ours),
        "baseline_runs_per_s": _per_s(theirs),
        "p95_ms": _ms(percentile(waits_s, 0.95)),
        "page_p95_ms": {name: _ms(percentile(c.waits_s, 0.95)) for name, c in ours.items()},
        "cpu_ms_per_run": {name: _ms(ratio(c.cpu_s, c.runs)) for name, c in ours.items()},
        "ratio": {name: rounded(ratio(_rate(ours[name]), _rate(theirs[name])), 1) for name in ours},
    }


def _per_s(found: Mapping[str, Clicks]) -> dict[str, float | None]:
    return {name: rounded(_rate(clicks), 1) for name, clicks in found.items()}


def _rate(clicks: Clicks) -> float:
    return clicks.runs / clicks.took_s


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else rounded(seconds * 1000, 1)


def _tokens(services: Services, visits: Visits) -> list[str]:
    """A cookie for each session, which are of as many people."""
    tokens = [new_token() for _ in range(visits.sessions)]
    with services.database.as_service() as tx:
        for number, token in enumerate(tokens):
            email = f"visitor{number}@bench.test"
            person = people.add(tx, email=email, name="Bench", role=visits.role, team=_TEAM)
            sessions.open_session(tx, token, person.id, hours=1, user_agent="bench")
    return tokens


def _measure(
    port: int, process: psutil.Process, tokens: list[str], visits: Visits
) -> dict[str, Clicks]:
    best: dict[str, Clicks] = {}
    for _ in range(visits.rounds):
        for name, query in visits.queries().items():
            found = asyncio.run(_click(port, process, tokens, visits.seconds, name, query))
            best[name] = max(best.get(name, found), found, key=_rate)
    return best


@contextmanager
def _serving(services: Services, more: Mapping[str, str]) -> Iterator[tuple[int, psutil.Process]]:
    port = _free_port()
    settings = services.settings.model_copy(update={"port": port, "host": "127.0.0.1"})
    env = {**os.environ, **environment_of(settings), **more, "PYTHONPATH": str(ROOT)}
    env |= {"STUDIO_PORT": str(port), "STUDIO_HOST": "127.0.0.1"}
    log = settings.data_dir / "logs" / "dashboard.log"
    with log.open("ab") as output:
        process = psutil.Popen(
            [sys.executable, "-m", "dashboard.cli", "dashboard"],
            env=env,
            stdout=output,
            stderr=output,
        )
    try:
        if not wait_until(lambda: _listens(port), _START_S):
            raise ServiceStartFailed(f"The dashboard did not start: {log.read_text()[-500:]}")
        yield port, process
    finally:
        process.terminate()
        process.wait(30)


async def _click(
    port: int,
    process: psutil.Process,
    tokens: list[str],
    seconds: float,
    page: str,
    query: str,
) -> Clicks:
    """Everybody asks for the page again as soon as it has been drawn."""
    waits_s: list[float] = []
    async with asyncio.timeout(seconds + 4 * _RUN_S):
        browsers = await asyncio.gather(*(_open(port, token) for token in tokens))
        await asyncio.gather(*(_run(browser, page, query) for browser in browsers))
        cpu = process.cpu_times()
        began = time.perf_counter()

        async def keep_clicking(browser: ClientConnection) -> None:
            while time.perf_counter() - began < seconds:
                asked = time.perf_counter()
                await _run(browser, page, query)
                waits_s.append(time.perf_counter() - asked)

        await asyncio.gather(*map(keep_clicking, browsers))
        took_s = time.perf_counter() - began
        used = process.cpu_times()
        await asyncio.gather(*(browser.close() for browser in browsers))
    cpu_s = used.user + used.system - cpu.user - cpu.system
    return Clicks(len(waits_s), took_s, waits_s, cpu_s)


async def _open(port: int, token: str) -> ClientConnection:
    return await connect(
        f"ws://127.0.0.1:{port}/_stcore/stream",
        additional_headers={"Cookie": f"{COOKIE}={token}"},
        max_size=None,
        proxy=None,
        compression=None,
    )


async def _run(browser: ClientConnection, page: str, query: str) -> None:
    """One run of the script, until Streamlit says that it has ended."""
    message = BackMsg()
    message.rerun_script.page_name = page
    message.rerun_script.query_string = query
    await browser.send(message.SerializeToString())
    while True:
        answer = ForwardMsg()
        answer.ParseFromString(await browser.recv(decode=False))
        kind = answer.WhichOneof("type")
        if kind == "script_finished":
            return
        if kind == "page_not_found" or (kind == "delta" and _is_failure(answer.delta)):
            raise StudioError(f"The page {page} was not drawn: {str(answer)[:500]}")


def _is_failure(delta: Delta) -> bool:
    """Whether it shows that the page has failed: an exception, or the words for one."""
    element = delta.new_element
    return element.WhichOneof("type") == "exception" or element.alert.icon == FAILED


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
