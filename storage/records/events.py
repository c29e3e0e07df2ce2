"""What happened, and which processes are at work."""

from __future__ import annotations

import os
import socket
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from storage.postgres import Transaction
from storage.sqlfiles import queries

_Q = queries("events")


def add(
    tx: Transaction,
    kind: str,
    *,
    person_id: UUID | None = None,
    team_id: UUID | None = None,
    generation_id: UUID | None = None,
    **detail: Any,  # noqa: ANN401
) -> None:
    """Write down that something happened."""
    tx.run(
        _Q["add"],
        kind=kind,
        person_id=person_id,
        team_id=team_id,
        generation_id=generation_id,
        detail=Jsonb(detail),
    )


def beat(tx: Transaction, kind: str) -> None:
    """This process says that it is at work as a `kind` (submit, collect, media, watcher, …)."""
    tx.run(_Q["beat"], name=_process_name(), kind=kind, host=socket.gethostname(), pid=os.getpid())


def leave(tx: Transaction) -> None:
    """This process ends in good order."""
    tx.run(_Q["leave"], name=_process_name(), pid=os.getpid())


def forget_silent(tx: Transaction) -> None:
    """Forget processes that have been silent for a day."""
    tx.run(_Q["forget_silent"])


def at_work(tx: Transaction, *, within_s: float) -> dict[str, int]:
    """How many processes of each kind gave a sign of life within that many seconds."""
    return {row["kind"]: row["n"] for row in tx.all(_Q["at_work"], within_s=within_s)}


def _process_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
