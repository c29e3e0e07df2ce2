"""A place of its own for a benchmark: no setting of the user's, no trace afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path

from pydantic import AliasChoices

from storage.settings import Settings

_KEPT = frozenset({"STUDIO_POSTGRES_BIN_DIR", "STUDIO_FFMPEG_BIN"})
"""Programs that a platform may need; everything else could lead to a real account."""


@contextmanager
def isolated_folder() -> Iterator[Path]:
    """A temporary folder to work in, for this process and those it starts.

    The studio's environment variables are unset and its `.env` is out of reach, so neither the
    user's fal account nor their database is ever touched.
    """
    taken = {name: os.environ.pop(name) for name in _ours() if name in os.environ}
    try:
        with tempfile.TemporaryDirectory(prefix="studio-bench-") as folder, chdir(folder):
            yield Path(folder)
    finally:
        os.environ.update(taken)


def _ours() -> set[str]:
    """The environment variables of all settings."""
    names: set[str] = set()
    for field in Settings.model_fields.values():
        alias = field.validation_alias
        choices = alias.choices if isinstance(alias, AliasChoices) else [alias]
        names.update(str(choice) for choice in choices)
    return names - _KEPT
