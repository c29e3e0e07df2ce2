"""The data folder: where everything embedded lies, and who may use it now."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from storage.errors import DataFolderBusy, ServiceError

_LOCK_TRIES = 10
_LOCK_PAUSE_S = 0.05


class DataFolder:
    """One folder with one owner at a time.

    The owner holds an exclusive flock(2) on the file `lock`; the kernel lets it go when the process
    ends, however it ends.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.expanduser().resolve()
        self.postgres = self.path / "postgres"
        self.valkey = self.path / "valkey"
        self.objects = self.path / "objects"
        self.logs = self.path / "logs"
        self.run = self.path / "run"
        self.endpoints_file = self.path / "endpoints.json"
        self._lock_file = self.path / "lock"

    def log(self, name: str) -> Path:
        """Where the process or server `name` writes its log."""
        return self.logs / f"{name}.log"

    def prepare(self) -> None:
        """Make the folder and its parts, for this user only. Safe to repeat.

        Raises:
            ServiceError: the folder can't be made or written.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for part in (self.postgres, self.valkey, self.objects, self.logs, self.run):
                part.mkdir(mode=0o700, exist_ok=True)
        except OSError as exc:
            raise ServiceError(
                f"The data folder {self.path} can't be used: {exc.strerror}.",
                todo="Set STUDIO_DATA_DIR to a folder that this user may write.",
            ) from exc

    @contextmanager
    def own(self) -> Iterator[None]:
        """Be the only owner of the folder for the time of the block; makes the folder first.

        Raises:
            DataFolderBusy: another process owns it.
            ServiceError: the folder can't be made or written.
        """
        self.prepare()
        lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(lock)
            # A killed owner leaves its endpoints behind.
            self.endpoints_file.unlink(missing_ok=True)
            try:
                yield
            finally:
                self.endpoints_file.unlink(missing_ok=True)
                os.ftruncate(lock, 0)
        finally:
            os.close(lock)

    def owner(self) -> int | None:
        """The pid of the live owner (0: not known yet); None when nobody owns the folder."""
        try:
            lock = os.open(self._lock_file, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return None
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _written_pid(lock)
        else:
            return None
        finally:
            os.close(lock)

    def _take(self, lock: int) -> None:
        for _ in range(_LOCK_TRIES):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # `owner` holds the lock for a moment too; only one that stays is an owner.
                time.sleep(_LOCK_PAUSE_S)
            else:
                _write_pid(lock)
                return
        pid = _written_pid(lock)
        raise DataFolderBusy(
            f"Another `studio up` (process {pid}) is using this data folder, {self.path}.",
            pid=pid,
            todo="Use that one, or stop it first, or set STUDIO_DATA_DIR to another folder.",
        )


def _write_pid(lock: int) -> None:
    owner = {"pid": os.getpid(), "started_at": datetime.now(UTC).isoformat()}
    os.ftruncate(lock, 0)
    os.pwrite(lock, json.dumps(owner).encode(), 0)


def _written_pid(lock: int) -> int:
    try:
        return int(json.loads(os.pread(lock, 1024, 0))["pid"])
    except ValueError:
        return 0
