"""What the guide for analysts says about their own tools works as it stands there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from storage.sqlfiles import Query
from storage.warehouse.reader import EVERYTHING, WarehouseReader

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (DOCS / "analysts.md").read_text()
FOLDER = "/srv/studio/warehouse/live/"


def test_the_statements_of_the_guide_find_what_the_pages_find(lake: Path) -> None:
    found = re.search(r"```sql\n(set variable lake.*?)```", GUIDE, re.DOTALL)
    assert found is not None
    with duckdb.connect() as tool:
        for statement in found[1].replace(FOLDER, f"{lake}/").split(";"):
            if statement.strip():
                tool.execute(statement)
        for name in ("generations", "charges", "cells_model", "people"):
            query = Query("n", "", f"select count(*) as n from {name}")
            expected = WarehouseReader(lake).rows(query, EVERYTHING)[0]["n"]
            assert tool.execute(f"select count(*) from {name}").fetchall() == [(expected,)]


def test_the_notebook_runs(lake: Path) -> None:
    cells = json.loads((DOCS / "example_notebook.ipynb").read_text())["cells"]
    names: dict[str, Any] = {}
    for cell in cells:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]).replace(FOLDER, f"{lake}/"), names)  # noqa: S102
    assert names["lake"].execute("select count(*) from generations").fetchall() == [(2000,)]
    names["lake"].close()


@pytest.mark.parametrize("limit", ["30 s", "50,000 rows, 32 MB", "768 MB, 1 GB", "100,000"])
def test_the_guide_says_the_limits_that_hold(limit: str) -> None:
    from jobs.workbench.guard import MOST_CHARACTERS
    from jobs.workbench.limits import LIMITS

    held = {
        f"{LIMITS.seconds:g} s",
        f"{LIMITS.rows:,} rows, {LIMITS.answer_mb} MB",
        f"{LIMITS.memory_mb} MB, {LIMITS.disk_mb // 1024} GB",
        f"{MOST_CHARACTERS:,}",
    }
    assert limit in held
    assert limit in GUIDE
