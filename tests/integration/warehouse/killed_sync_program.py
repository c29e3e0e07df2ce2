"""Syncs that are killed at one point each, as forks of a process that has imported everything.

A line of JSON for each: `{"url", "folder", "point"}`; the answer is the exit code of its process.
A point is `pulled`, `file 3` (after the third file), `torn 3` (in the middle of it), `unnamed` (the
manifest is written, not renamed), `published`, or `never`.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from storage.warehouse import lake, syncing, writing

LAKE: Any = lake
WRITING: Any = writing
SYNCING: Any = syncing
OS: Any = os
LONGEST_S = 100


def die(*_: object, **__: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at(point: str) -> None:
    """Make the process kill itself when it comes to the point."""
    what, _, number = point.partition(" ")
    if what in ("file", "torn"):
        kill_at_file(int(number), torn=what == "torn")
    elif what == "pulled":
        SYNCING.stage = die
    elif what == "unnamed":
        OS.replace = die
    elif what == "published":
        publish = LAKE.publish_manifest

        def publish_and_die(*given: object) -> None:
            publish(*given)
            die()

        LAKE.publish_manifest = publish_and_die


def kill_at_file(number: int, *, torn: bool) -> None:
    write, written = WRITING.Writing._write, []

    def killing(self: Any, *given: str) -> Any:
        file = write(self, *given)
        written.append(file)
        if len(written) == number:
            if torn:
                os.truncate(self.folder / file.name, file.bytes // 2)
            die()
        return file

    WRITING.Writing._write = killing


def serve() -> None:
    """Fork for each order that arrives, until there are no more."""
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(order["url"], order["folder"], order["point"])
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def become(url: str, folder: str, point: str) -> None:
    """Be the sync; never returns."""
    signal.alarm(LONGEST_S)
    code = 1
    try:
        kill_at(point)
        syncing.sync(SecretStr(url), Path(folder))
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
