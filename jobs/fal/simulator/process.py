"""A simulator in a child process, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import jobs
from storage.errors import ServiceError, ServiceStartFailed

_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 10.0
_CALL_TIMEOUT_S = 30.0


@dataclass
class Simulator:
    """A running simulator. Its address stays the same when it is restarted."""

    folder: Path
    port: int
    options: list[str]
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its process id.

        Raises:
            ServiceStartFailed: it is not running.
        """
        if self._process is None:
            raise ServiceStartFailed("The simulator is not running.")
        return self._process.pid

    def start(self) -> None:
        """Start it and wait until it serves calls.

        Raises:
            ServiceStartFailed: it did not come up; the message ends with its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "simulator.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jobs.fal.simulator.server", *self.options],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(Path(jobs.__path__[0]).parent)},
            )
        self._wait_until_healthy(self._process)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it with kill -9."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Kill -9 it and start it again at the same address with the same folder."""
        self.kill()
        self.start()

    def counts(self) -> dict[str, Any]:
        """What has reached it so far (`GET /_simulator/counts`)."""
        counts: dict[str, Any] = json.loads(self._admin("GET", "counts"))
        return counts

    def requests(self) -> list[dict[str, Any]]:
        """Every request that it has booked, oldest first (`GET /_simulator/requests`)."""
        requests: list[dict[str, Any]] = json.loads(self._admin("GET", "requests"))
        return requests

    def set_fault(self, name: str, **how: object) -> None:
        """Switch a fault on: `count` or `always`, `match`, `endpoint`, `seconds`.

        Raises:
            ServiceError: there is no such fault.
        """
        self._admin("POST", "faults", {"name": name, **how})

    def clear_faults(self) -> None:
        """Switch every fault off."""
        self._admin("DELETE", "faults")

    def _admin(self, method: str, path: str, body: dict[str, object] | None = None) -> bytes:
        """Call the admin API. `http.client` and not httpx: this runs before anything is warm."""
        with closing(HTTPConnection("127.0.0.1", self.port, timeout=_CALL_TIMEOUT_S)) as connection:
            connection.request(method, f"/_simulator/{path}", json.dumps(body))
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ServiceError(f"The simulator answered {answer.status}: {content.decode()}")
        return content

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdin:
            process.stdin.close()

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self._admin("GET", "health")
            except (OSError, HTTPException):
                time.sleep(0.02)
            else:
                return
        log = (self.folder / "simulator.log").read_text(errors="replace")[-1000:]
        self.kill()
        raise ServiceStartFailed(f"The simulator did not start. Its log ends: {log}")


@contextmanager
def running_simulator(
    folder: Path,
    *,
    seconds: float = 0.2,
    concurrency: int = 10,
    render: str = "video",
    catalog_file: Path | None = None,
) -> Iterator[Simulator]:
    """A simulator on a free port of this machine; it ends with the block.

    A video takes about `seconds`; `concurrency` are made at once; `render` "copy" answers with
    prepared videos. `folder` keeps its state.

    Raises:
        ServiceStartFailed: it did not come up.
    """
    port = _free_port()
    options = {
        "--folder": folder.absolute(),
        "--port": port,
        "--seconds": seconds,
        "--concurrency": concurrency,
        "--render": render,
    }
    if catalog_file is not None:
        options["--catalog-file"] = catalog_file.absolute()
    words = [str(word) for option in options.items() for word in option]
    simulator = Simulator(folder.absolute(), port, [*words, "--stop-with-stdin"])
    try:
        simulator.start()
        yield simulator
    finally:
        simulator.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
