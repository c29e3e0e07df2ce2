"""A sync that is killed at one point: `python -m …killed_sync_program URL FOLDER POINT`.

POINT is `pulled`, `file 3` (after the third file), `torn 3` (in the middle of it), `unnamed` (the
manifest is written, not renamed), `published`, or `never`.
"""

from __future__ import annotations

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


if __name__ == "__main__":
    kill_at(sys.argv[3])
    syncing.sync(SecretStr(sys.argv[1]), Path(sys.argv[2]))
