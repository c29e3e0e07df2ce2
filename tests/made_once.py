"""A history that one test of a module makes and the others have again: its record and its lake.

To write it and to bring the warehouse up to it takes half a second, to lay it again a tenth. Each
test has a copy of its own, so it may write.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from tests.used_databases import Rows, UsedDatabases


@dataclass
class MadeOnce:
    """What a module's history left, once a test has made it."""

    databases: UsedDatabases
    kept: Path
    """Where the warehouse is kept."""
    rows: Rows | None = None

    def lay_record(self, url: SecretStr) -> None:
        """Fill a new database with what was made; with nothing, as long as nothing was."""
        if self.rows is not None:
            self.databases.lay(url.get_secret_value(), self.rows)

    def make(self, url: SecretStr, warehouse: Path, write: Callable[[], None]) -> None:
        """Write the history, or lay its warehouse where its record lies already."""
        if self.rows is not None:
            shutil.copytree(self.kept, warehouse)
            return
        write()
        shutil.copytree(warehouse, self.kept)
        self.rows = self.databases.rows_of(url.get_secret_value())
