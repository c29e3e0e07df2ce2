"""Makes a Postgres cluster: all of it or nothing, so that a kill half-way leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from signal import Signals

from storage.embedded.postgres_programs import major_version
from storage.embedded.privileges import Account
from storage.embedded.server import new_password
from storage.sqlfiles import queries

USER = "studio"
DATABASE = "studio"
DATA = "data"
PASSWORD = "password"  # noqa: S105  the name of the file
BUILD_WITHIN_S = 120.0
_UNFINISHED = "cluster.new-"

Run = Callable[[list[str], bytes], None]
"""Runs a command line with something on its standard input; raises ServiceStartFailed."""


def build(folder: Path, target: Path, bin_dir: Path, account: Account, run: Run) -> None:
    """Make the cluster `target` in `folder`: `data/`, with the database in it, and `password`.

    It is made beside its place and renamed when it is whole.

    Raises:
        ServiceStartFailed: one of Postgres' programs failed.
    """
    for leftover in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    unfinished = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
    _write_password(unfinished / PASSWORD)
    account.take(unfinished)
    initdb = _initdb(bin_dir, unfinished)
    run(account.command(initdb, Signals.SIGKILL), b"")
    run(account.command(_single(bin_dir, unfinished), Signals.SIGKILL), _create_database())
    unfinished.rename(target)
    _sync(folder)


def _initdb(bin_dir: Path, unfinished: Path) -> list[str]:
    argv = [str(bin_dir / "initdb"), "-D", str(unfinished / DATA), "-U", USER]
    argv += ["-A", "scram-sha-256", "--pwfile", str(unfinished / PASSWORD)]
    return [*argv, "--encoding=UTF8", "--data-checksums", *_locale(major_version(bin_dir))]


def _locale(major: int) -> list[str]:
    """The same order and letter case everywhere, whatever locales the machine has.

    The builtin provider is Postgres' own and came with 17 (Postgres docs, Locale Providers).
    """
    if major < 17:
        return ["--locale=C.UTF-8"]
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*builtin, "--lc-collate=C", "--lc-ctype=C"]


def _single(bin_dir: Path, unfinished: Path) -> list[str]:
    """Postgres without a server, statements from its input: the cluster has no port yet."""
    return [str(bin_dir / "postgres"), "--single", "-D", str(unfinished / DATA), "postgres"]


def _create_database() -> bytes:
    return queries("embedded")["create_database"].text.encode() + b"\n"


def _write_password(path: Path) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(new_password() + "\n")


def _sync(folder: Path) -> None:
    """Make a rename in the folder outlast a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
