"""A studio as an operator runs it: the real command in a process of its own, in an empty home."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg

import dashboard
from jobs.fal.simulator.process import Simulator
from storage.embedded.endpoints import Endpoints, read_endpoints
from storage.embedded.processes import wait_until
from storage.embedded.server import free_port
from tests.acceptance.process_tree import Running, descendants, mentioning, still_running
from tests.acceptance.warm_commands import Commands, Ran

CHECKOUT = Path(dashboard.__file__).parents[1]
SNEAKER = CHECKOUT / "dashboard" / "samples" / "sneaker.webp"
STUDIO = (sys.executable, "-m", "dashboard.cli")
OURS = ("STUDIO_", "FAL_", "SUPABASE_", "DATABASE_URL", "REDIS_URL", "STREAMLIT_")

START_S = 100.0
STOP_S = 15.0
FINAL = {"completed", "failed", "canceled"}

ROLES = {
    "simulator": "dashboard.cli simulator",
    "workers": "dashboard.cli worker all",
    "watcher": "dashboard.cli watcher",
    "dashboard": "streamlit run",
    "postgres": "postgres -D",
    "valkey": "-server 127.0.0.1:",
}
"""What the command line of each direct child says."""


@dataclass
class Studio:
    """One data folder and whatever `studio up` runs on it now."""

    commands: Commands
    data: Path
    home: Path
    """HOME, TMPDIR and the working directory: nothing may be written there."""
    port: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    said: str = ""
    """What the last start printed."""

    @property
    def url(self) -> str:
        """The dashboard's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process of `studio up`."""
        assert self.process is not None
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether `studio up` has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def link(self) -> str:
        """The one-time link that the last start printed."""
        found = re.search(r"^ +(http\S+/session/link/\S+)$", self.said, re.MULTILINE)
        assert found, self.said
        return found[1]

    @property
    def password(self) -> str | None:
        """The administrator's password that the last start printed; None when it printed none."""
        found = re.search(r"^ +admin@studio\.local\n +(\S+)$", self.said, re.MULTILINE)
        return found[1] if found else None

    @property
    def endpoints(self) -> Endpoints:
        """Where its services answer."""
        found = read_endpoints(self.data)
        assert found is not None, "no studio is running"
        return found

    @property
    def simulator(self) -> Simulator:
        """Its simulator, to be asked only."""
        port = str(self.endpoints.fal_base_url).rpartition(":")[2]
        return Simulator(self.data / "simulator", int(port), [])

    def environment(self) -> dict[str, str]:
        """What every command gets: this studio's settings and none of the machine's."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return kept | {
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "STUDIO_DATA_DIR": str(self.data),
            "STUDIO_PORT": str(self.port),
            "STUDIO_SIMULATOR_SECONDS": "1",
            "STUDIO_COLLECT_WORKERS": "1",
            "STUDIO_MEDIA_WORKERS": "1",
            **self.more,
        }

    def start(self) -> None:
        """`studio up`; returns when it has printed everything."""
        log = self.data.with_name("up.log")
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [*STUDIO, "up"],
                cwd=self.home,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(lambda: not self.running or "Ctrl-C stops it." in log.read_text(), START_S)
        self.said = log.read_text()
        assert "Ctrl-C stops it." in self.said, self.said

    def tree(self) -> set[Running]:
        """Every process of this studio."""
        return descendants(self.pid) | mentioning(f"STUDIO_DATA_DIR={self.data}\0")

    def stop(self, how: signal.Signals = signal.SIGINT, within_s: float = STOP_S) -> int:
        """Send the signal and wait for the end of everything; the exit code of `up`."""
        assert self.process is not None
        tree = self.tree()
        self.process.send_signal(how)

        def left_over() -> set[Running]:
            # Also what was started after the look at the tree: a connection, a fork for a bell.
            return still_running(tree) or mentioning(str(self.data))

        gone = wait_until(lambda: not self.running and not left_over(), within_s)
        left = left_over()
        for process in left:
            os.kill(process.pid, signal.SIGKILL)
        code = self.process.wait(timeout=10)
        self.said = self.data.with_name("up.log").read_text()
        assert gone, f"still there after {within_s} s: {left}"
        assert not left
        return code

    def child(self, role: str) -> Running | None:
        """The direct child of `up` with this role; None while it is down."""
        found = [
            p for p in descendants(self.pid) if p.parent == self.pid and ROLES[role] in p.command
        ]
        return found[0] if found else None

    def run(self, *words: str, say: str = "") -> Ran:
        """Another command beside it, to its end."""
        return self.commands.run(words, cwd=self.home, env=self.environment(), say=say)

    def generate(self, *words: str, prompt: str = "The sneaker turns slowly on its stand") -> Ran:
        """`studio generate --json` with the sneaker, two seconds in 480p unless told."""
        usual = {"--image": str(SNEAKER), "--prompt": prompt}
        if "--model" not in words:
            usual |= {"--resolution": "480p", "--duration": "2"}
        usual = {name: value for name, value in usual.items() if name not in words}
        return self.run("generate", *(w for pair in usual.items() for w in pair), *words, "--json")

    def ask(self, query: str, *values: object) -> list[Any]:
        """Rows of the record, as its owner sees them."""
        url = self.endpoints.database_url
        assert url is not None
        with psycopg.connect(url.get_secret_value(), connect_timeout=5) as connection:
            return list(connection.execute(query, values).fetchall())

    def status(self, generation: str) -> str:
        """The status in the record; empty while the database is down."""
        try:
            rows = self.ask("select status from studio.generations where id = %s", UUID(generation))
        except psycopg.OperationalError:
            return ""
        return str(rows[0][0])

    def wait_for(self, generation: str, statuses: set[str], within_s: float = 90) -> str:
        """Wait until the generation has one of the statuses; the one it has."""
        reached: list[str] = []

        def arrived() -> bool:
            reached.append(self.status(generation))
            return reached[-1] in statuses

        assert wait_until(slowly(arrived), within_s), reached[-1]
        return reached[-1]

    def browser(self) -> httpx.Client:
        """A stranger's client, as a browser asks."""
        return httpx.Client(
            base_url=self.url, headers={"accept": "text/html"}, trust_env=False, timeout=30
        )

    @contextmanager
    def signed_in(self, link: str | None = None) -> Iterator[httpx.Client]:
        """The client of somebody who used a link; of the administrator unless told."""
        address = link or self.run("user", "link", "admin@studio.local").out.strip()
        with self.browser() as client:
            answer = client.post(address)
            assert answer.status_code == 303, answer.text
            yield client

    def rest(self) -> None:
        """Wait until nothing is under way."""
        unfinished = "select count(*) from studio.generations where finished_at is null"
        assert wait_until(slowly(lambda: self.ask(unfinished) == [(0,)]), START_S)

    def facts(self) -> dict[str, int]:
        """How much there is in the record and at the simulator."""
        counted = {
            name: int(self.ask(f"select count(*) from studio.{name}")[0][0])
            for name in ("generations", "charges", "holds", "attempts", "campaigns")
        }
        return counted | {"booked": len(self.simulator.requests())}


def slowly(condition: Callable[[], bool], every_s: float = 0.2) -> Callable[[], bool]:
    """The condition, looked at only so often: each look costs a connection."""
    next_look = time.monotonic()

    def look() -> bool:
        nonlocal next_look
        if time.monotonic() < next_look:
            return False
        found = condition()
        next_look = time.monotonic() + every_s
        return found

    return look
