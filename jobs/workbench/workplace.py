"""The folder in which one process keeps what its sandboxes read and write.

It goes with the process. What a killed one left is known by a lock that nobody holds any more
(flock(2) ends with its holder, also after `kill -9`), and is removed at the next start.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import structlog

from jobs.errors import WorkbenchBusy

log = structlog.get_logger(__name__)

_PREFIX = "studio-workbench-"
_LOCK = "owner"
_BEGUN_WITHIN_S = 3600.0


class Workplace:
    """A folder of this process alone, made at its first use. Safe to use from many threads.

    `parent` is where it is made (None: this machine's folder for temporary files).
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = (parent or Path(tempfile.gettempdir())).absolute()
        self._lock = threading.Lock()
        self._held: tuple[Path, int] | None = None
        self._closed = False

    @property
    def path(self) -> Path:
        """Where it is.

        Raises:
            WorkbenchBusy: it was removed.
        """
        with self._lock:
            if self._closed:
                raise WorkbenchBusy("The dashboard is stopping.")
            if self._held is not None and not self._held[0].is_dir():
                os.close(self._held[1])  # whatever tidies up temporary files has taken it
                self._held = None
            if self._held is None:
                self._held = _begun(self._parent)
            return self._held[0]

    def new_folder(self) -> Path:
        """An empty folder in it.

        Raises:
            WorkbenchBusy: it was removed.
        """
        return Path(tempfile.mkdtemp(dir=self.path))

    def remove(self) -> None:
        """Remove it for good, with everything in it. Safe to repeat. Whoever still writes there
        meets missing folders."""
        with self._lock:
            self._closed = True
            held, self._held = self._held, None
        if held is not None:
            _removed(held[0])
            os.close(held[1])


def remove_left_workplaces(parent: Path | None = None) -> int:
    """Remove what killed processes left; how many there were.

    `parent` is where they are (None: this machine's folder for temporary files).
    """
    parent = parent or Path(tempfile.gettempdir())
    left = [path for path in sorted(parent.glob(f"{_PREFIX}*")) if _is_left(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
        log.info("workplace of a killed process removed", name=path.name)
    return len(left)


def _removed(path: Path) -> None:
    """Remove a folder, out of the way first: nobody can write anything new into it then."""
    away = path.with_name(f"{path.name}.gone")
    with suppress(FileNotFoundError):
        path.rename(away)
    shutil.rmtree(away, ignore_errors=True)


def _begun(parent: Path) -> tuple[Path, int]:
    """A new one, and the descriptor of its lock. The lock has its name only when it is held, so
    that nobody takes a workplace that is just begun for one that was left."""
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    begun = path / f"{_LOCK}.begun"
    lock = os.open(begun, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    begun.rename(path / _LOCK)
    return path, lock


def _is_left(path: Path) -> bool:
    if path.is_symlink() or not path.is_dir():
        return False
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:  # just begun, or what a removal left that did not come to its end
        return _age_s(path) > _BEGUN_WITHIN_S
    except OSError:  # somebody else's
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # its process lives
        return False
    finally:
        os.close(lock)
    return True


def _age_s(path: Path) -> float:
    """For how long nothing was made in a folder; none when it is gone."""
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
