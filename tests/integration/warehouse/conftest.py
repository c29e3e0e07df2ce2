"""A lake of the test's own over the test's own record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from storage.warehouse.syncing import Pass, sync

Sync = Callable[..., Pass]


@pytest.fixture
def lake_folder(tmp_path: Path) -> Path:
    """Where the lake is."""
    return tmp_path / "lake"


@pytest.fixture
def synced(database_url: SecretStr, lake_folder: Path) -> Sync:
    """Brings the lake up to the record: `synced()`, `synced(corrections=True)`."""

    def run(**how: object) -> Pass:
        return sync(database_url, lake_folder, **how)  # type: ignore[arg-type]

    return run
