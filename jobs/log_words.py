"""What the log lines of a step carry: which generation, attempt and person they are about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

import structlog

from storage.records.attempts import Watched


@contextmanager
def about(
    generation_id: UUID, *, person_id: UUID | None = None, attempt_id: UUID | None = None
) -> Iterator[None]:
    """Bind the ids that are known to every line logged in the `with` block.

    An exception that leaves the block takes them along, so that the line that tells of it further
    out, where nothing is bound any more, names them, too.
    """
    known = {"generation": generation_id, "person": person_id, "attempt": attempt_id}
    words = {name: str(found) for name, found in known.items() if found is not None}
    try:
        with structlog.contextvars.bound_contextvars(**words):
            yield
    except Exception as exc:
        exc.add_note(" ".join(f"{name}={found}" for name, found in words.items()))
        raise


def about_watched(watched: Watched) -> AbstractContextManager[None]:
    """The same for a request that the watcher follows."""
    attempt = watched.attempt
    return about(attempt.generation_id, person_id=watched.person_id, attempt_id=attempt.id)
