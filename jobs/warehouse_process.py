"""The process that keeps the warehouse up to the record: the watcher starts it and ends it.

Apart from the watcher, which must never wait, for what a pass takes: DuckDB, Arrow and ADBC, up to
a gigabyte of memory, and two and minutes for a whole copy. It may be killed at any moment.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import SecretStr

from jobs.bootstrap import Services
from jobs.warehousing import keep_warehouse, line_to, live_folder, mend_warehouse
from storage.logs import configure_logs
from storage.postgres import Database

log = structlog.get_logger(__name__)

WAREHOUSE_S = 2.0
"""How often it looks whether something was written."""
AFTER_FAILURE_S = 15.0
MENDED_EVERY_S = 24 * 3600.0
"""A roll-up that was counted wrong would be passed on from state to state; nothing is published
while all of it is checked."""
NICENESS = 5
"""Figures wait for videos, never the other way round."""


@dataclass
class WarehouseUpkeep:
    """The watcher's chore: that the process is there."""

    services: Services
    _process: subprocess.Popen[bytes] | None = None

    async def run(self) -> None:
        """Start the process unless it is at work."""
        if self._process is not None and self._process.poll() is not None:
            log.warning("the warehouse's process has ended", code=self._process.returncode)
            self.close()
        if self._process is None:
            self._process = self._start()

    def close(self) -> None:
        """End the process, whatever it is doing. Safe to repeat."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stdin is not None:
                self._process.stdin.close()
            self._process = None

    def _start(self) -> subprocess.Popen[bytes]:
        """The addresses go through a pipe, which nobody else can read, and whose end is ours."""
        process = subprocess.Popen(
            [sys.executable, "-m", "jobs.warehouse_process"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        url, settings = self.services.settings.database_url, self.services.settings
        told = {
            "url": url.get_secret_value() if url else "",
            "folder": str(live_folder(self.services)),
            "log_level": settings.log_level,
        }
        if process.stdin is not None:
            process.stdin.write(json.dumps(told).encode() + b"\n")
            process.stdin.flush()
        return process


def main() -> None:
    """Work until the starter ends, or ends us."""
    told = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    os.nice(NICENESS)
    configure_logs("warehouse", told["log_level"])
    url, folder = SecretStr(told["url"]), Path(told["folder"])
    line = line_to(url)
    checked = time.monotonic()
    with Database(url, max_connections=1) as database:
        while True:
            well = keep_warehouse(database, url, folder, line)
            if well and time.monotonic() - checked > MENDED_EVERY_S:
                mend_warehouse(url, folder)
                checked = time.monotonic()
            time.sleep(WAREHOUSE_S if well else AFTER_FAILURE_S)


def _end_with_the_starter() -> None:
    """The pipe ends with the watcher, also when that is killed."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
